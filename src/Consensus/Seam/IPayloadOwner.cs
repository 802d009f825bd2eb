namespace VideoScale.Consensus;

/// <summary>Owns the memory behind payloads: the log says which ones it holds, so that their buffers can be used again.</summary>
public interface IPayloadOwner
{
    void Retain(ReadOnlyMemory<byte> payload);
    void Release(ReadOnlyMemory<byte> payload);
}
