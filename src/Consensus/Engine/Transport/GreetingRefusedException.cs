namespace VideoScale.Consensus.Engine.Transport;

/// <summary>The other side knows another process of this member.</summary>
internal sealed class GreetingRefusedException(GreetingReply reply)
    : ProtocolException($"refused: another process of this member is known ({reply.Answer})")
{
    internal GreetingReply Reply { get; } = reply;
}
