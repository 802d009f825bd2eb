using System.Buffers.Binary;
using System.Text;

namespace VideoScale.Consensus.Engine.Transport;

/// <summary>Which process of a member speaks: a data directory that was copied or set back has the member's identity as well.</summary>
/// <param name="Run">Random, drawn at the start of the process; 0: an earlier version, which does not greet.</param>
/// <param name="Start">How often the directory was started.</param>
/// <param name="Aside">It stands aside already, because others are connected with another process.</param>
internal readonly record struct Greeting(ulong Run, ulong Start, bool Aside)
{
    private const int Bytes = 24;

    internal byte[] ToFrame()
    {
        Span<byte> body = stackalloc byte[Bytes];
        body.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(body, Run);
        BinaryPrimitives.WriteUInt64LittleEndian(body[8..], Start);
        body[16] = Aside ? (byte)1 : (byte)0;
        return Frame.Make(FrameType.Greeting, body);
    }

    /// <exception cref="ProtocolException"/>
    internal static Greeting Decode(ReadOnlySpan<byte> body)
    {
        var run = body.Length >= Bytes ? BinaryPrimitives.ReadUInt64LittleEndian(body) : 0;
        if (run == 0) throw new ProtocolException("a greeting of unknown shape");
        return new Greeting(run, BinaryPrimitives.ReadUInt64LittleEndian(body[8..]), (body[16] & 1) != 0);
    }
}

/// <summary>Values are on the wire: only append.</summary>
internal enum GreetingAnswer : byte
{
    Admitted = 1,

    /// <summary>Another process of this member is connected.</summary>
    SecondProcess = 2,

    /// <summary>Another process of this member was connected before, with a start no lower than this one's.</summary>
    SetBack = 3,
}

/// <param name="Start">That of the other process.</param>
/// <param name="Address">Where the other process is connected from.</param>
internal readonly record struct GreetingReply(GreetingAnswer Answer, ulong Start = 0, string Address = "")
{
    private const int HeadBytes = 16;
    private const int MaxAddressBytes = 64;

    internal byte[] ToFrame()
    {
        var address = Encoding.UTF8.GetBytes(Address);
        var body = new byte[HeadBytes + Math.Min(address.Length, MaxAddressBytes)];
        body[0] = (byte)Answer;
        BinaryPrimitives.WriteUInt64LittleEndian(body.AsSpan(8), Start);
        address.AsSpan(0, body.Length - HeadBytes).CopyTo(body.AsSpan(HeadBytes));
        return Frame.Make(FrameType.GreetingReply, body);
    }

    /// <exception cref="ProtocolException"/>
    internal static GreetingReply Decode(ReadOnlySpan<byte> body)
    {
        if (body.Length < HeadBytes || (GreetingAnswer)body[0] is < GreetingAnswer.Admitted or > GreetingAnswer.SetBack)
            throw new ProtocolException("an answer to a greeting of unknown shape");
        return new GreetingReply((GreetingAnswer)body[0], BinaryPrimitives.ReadUInt64LittleEndian(body[8..]),
            Encoding.UTF8.GetString(body[HeadBytes..]));
    }
}
