namespace VideoScale.Chaos.Scenarios;

/// <summary>Something that had to come back did not, within a generous bound.</summary>
public sealed class NotLiveException : Exception
{
    public NotLiveException() { }
    public NotLiveException(string message) : base(message) { }
    public NotLiveException(string message, Exception innerException) : base(message, innerException) { }
}
