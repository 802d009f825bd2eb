using System.Buffers.Binary;
using System.Text;

namespace VideoScale.Consensus.Engine.Transport;

internal enum Channel : byte { Control = 1, Bulk = 2, Snapshot = 3 }

/// <summary>The first frame of every connection.</summary>
/// <param name="Greets">The sender answers to a welcome that asks for a <see cref="Greeting"/>; earlier versions send and read a zero
/// here.</param>
/// <param name="OnlyAsks">Nothing follows: whoever is connected stays so. Earlier versions do not read it.</param>
internal readonly record struct Hello(UInt128 ClusterId, MemberId From, MemberId To, Channel Channel, bool Greets = false,
    bool OnlyAsks = false)
{
    internal const uint ProtocolVersion = 1;
    /// <summary>Before it has proven who it is, nobody makes us hold more than this.</summary>
    internal const int MaxFrameBytes = 1 << 10;
    private const ulong Magic = 0x54464152_534C4156; // "VALSRAFT"
    private const int Bytes = 48;

    internal byte[] ToFrame()
    {
        Span<byte> body = stackalloc byte[Bytes];
        body.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(body, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(body[8..], ProtocolVersion);
        body[12] = (byte)Channel;
        body[13] = (byte)((Greets ? 1 : 0) | (OnlyAsks ? 2 : 0));
        BinaryPrimitives.WriteUInt128LittleEndian(body[16..], ClusterId);
        BinaryPrimitives.WriteUInt64LittleEndian(body[32..], From.Value);
        BinaryPrimitives.WriteUInt64LittleEndian(body[40..], To.Value);
        return Frame.Make(FrameType.Hello, body);
    }

    /// <exception cref="ProtocolException"/>
    internal static Hello Decode(ReadOnlySpan<byte> body)
    {
        if (body.Length < 12 || BinaryPrimitives.ReadUInt64LittleEndian(body) != Magic)
            throw new ProtocolException("not a VideoScale replica");
        var version = BinaryPrimitives.ReadUInt32LittleEndian(body[8..]);
        if (version != ProtocolVersion)
            throw new ProtocolException(
                $"it speaks protocol version {version}, this replica {ProtocolVersion}: run the same version of VideoScale on both");
        if (body.Length != Bytes || (Channel)body[12] is < Channel.Control or > Channel.Snapshot)
            throw new ProtocolException("a hello of unknown shape");
        return new Hello(BinaryPrimitives.ReadUInt128LittleEndian(body[16..]),
            new MemberId(BinaryPrimitives.ReadUInt64LittleEndian(body[32..])),
            new MemberId(BinaryPrimitives.ReadUInt64LittleEndian(body[40..])), (Channel)body[12], (body[13] & 1) != 0, (body[13] & 2) != 0);
    }

    /// <returns>Why this replica must not talk to the other, or null.</returns>
    internal string? RefusalBy(UInt128 clusterId, MemberId self, bool knownMember)
    {
        if (ClusterId != clusterId) return $"it belongs to cluster {ClusterId:x32}, this replica to {clusterId:x32}";
        if (To != self)
            return $"it looks for member {To}, this is member {self}: a directory was wiped or an address names the wrong replica";
        return knownMember ? null : NotKnown(From);
    }

    /// <summary>The refusal of one that is the right member of the right cluster.</summary>
    internal static string NotKnown(MemberId member) => $"member {member} is not known here";
}

/// <summary>The answer to a hello: empty, or why the connection is refused; or a zero, to one that greets: it shall do so.</summary>
internal static class Welcome
{
    private const int MaxReasonBytes = 512;

    internal static byte[] ToFrame(string? refusal)
    {
        var reason = Encoding.UTF8.GetBytes(refusal ?? "");
        return Frame.Make(FrameType.Welcome, reason.AsSpan(0, Math.Min(reason.Length, MaxReasonBytes)));
    }

    internal static byte[] AskForGreeting() => Frame.Make(FrameType.Welcome, [0]);

    internal static bool AsksForGreeting(ReadOnlySpan<byte> body) => body is [0];

    internal static string? Decode(ReadOnlySpan<byte> body) => body.IsEmpty || AsksForGreeting(body) ? null : Encoding.UTF8.GetString(body);
}
