using System.Buffers.Binary;
using System.Text;

namespace VideoScale.Consensus.DotNext.Transport;

/// <summary>What a connection is for, so that a vote never waits behind entries, and entries never behind a snapshot.</summary>
internal enum Channel : byte { Control = 1, Entries = 2, Snapshot = 3 }

/// <summary>
/// The first frame of a connection: who calls, and whom. The answer is empty, or says why the caller is refused.
/// </summary>
internal readonly record struct Hello(UInt128 ClusterId, MemberId From, MemberId To, Channel Channel)
{
    private const uint ProtocolVersion = 1;
    private const ulong Magic = 0x54584E44_534C4156; // "VALSDNXT": a replica of another engine says another word
    private const int Bytes = 48;

    internal byte[] ToFrame()
    {
        Span<byte> body = stackalloc byte[Bytes];
        body.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(body, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(body[8..], ProtocolVersion);
        body[12] = (byte)Channel;
        BinaryPrimitives.WriteUInt128LittleEndian(body[16..], ClusterId);
        BinaryPrimitives.WriteUInt64LittleEndian(body[32..], From.Value);
        BinaryPrimitives.WriteUInt64LittleEndian(body[40..], To.Value);
        return Frame.Make(FrameType.Hello, body);
    }

    internal static Hello Decode(ReadOnlySpan<byte> body)
    {
        if (body.Length < 12 || BinaryPrimitives.ReadUInt64LittleEndian(body) != Magic)
            throw new ProtocolException("not a VideoScale replica whose log is kept by the engine \"dotnext\"");
        var version = BinaryPrimitives.ReadUInt32LittleEndian(body[8..]);
        if (version != ProtocolVersion)
            throw new ProtocolException(
                $"it speaks protocol version {version}, this replica {ProtocolVersion}: run the same version of VideoScale on both");
        if (body.Length != Bytes || (Channel)body[12] is < Channel.Control or > Channel.Snapshot)
            throw new ProtocolException("a hello of unknown shape");
        return new Hello(BinaryPrimitives.ReadUInt128LittleEndian(body[16..]),
            new MemberId(BinaryPrimitives.ReadUInt64LittleEndian(body[32..])),
            new MemberId(BinaryPrimitives.ReadUInt64LittleEndian(body[40..])), (Channel)body[12]);
    }

    /// <returns>Why this replica must not talk to the other, or null.</returns>
    internal string? RefusalBy(UInt128 clusterId, MemberId self, bool isKnown)
    {
        if (ClusterId != clusterId) return $"it belongs to cluster {ClusterId:x32}, this replica to {clusterId:x32}";
        if (To != self)
            return $"it looks for member {To}, this is member {self}: a directory was wiped or an address names the wrong replica";
        return isKnown ? null : $"member {From} is not known here";
    }

    internal static byte[] Welcome(string? refusal) => Frame.Make(FrameType.Welcome, Encoding.UTF8.GetBytes(refusal ?? ""));
}
