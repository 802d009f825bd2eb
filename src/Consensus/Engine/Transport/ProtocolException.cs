namespace VideoScale.Consensus.Engine.Transport;

/// <summary>What the other side sent is not the protocol: the connection ends.</summary>
public class ProtocolException : Exception
{
    public ProtocolException() { }
    public ProtocolException(string message) : base(message) { }
    public ProtocolException(string message, Exception innerException) : base(message, innerException) { }
}
