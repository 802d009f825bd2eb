namespace VideoScale.Consensus.Apply;

/// <summary>Payloads are copies of their own: the collector has them.</summary>
internal sealed class Unowned : IPayloadOwner
{
    internal static Unowned Instance { get; } = new();
    public void Retain(ReadOnlyMemory<byte> payload) { }
    public void Release(ReadOnlyMemory<byte> payload) { }
}
