namespace VideoScale.Rpc;

/// <summary>A setting cannot be used; the message is one line that names it and says what to do.</summary>
public sealed class RpcConfigurationException : Exception
{
    public RpcConfigurationException() { }
    public RpcConfigurationException(string message) : base(message) { }
    public RpcConfigurationException(string message, Exception innerException) : base(message, innerException) { }
}
