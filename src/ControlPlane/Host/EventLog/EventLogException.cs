namespace VideoScale.ControlPlane.Host.EventLog;

public enum EventLogProblem : byte
{
    /// <summary>Bytes on disk are not what was written.</summary>
    Corrupt = 1,
    /// <summary>What was derived anew is not what was derived before: a bug, or another cluster's past. The replica must stop.</summary>
    Diverged = 2,
    /// <summary>The directory belongs to another cluster, format or setting.</summary>
    Foreign = 3,
    /// <summary>A write or sync failed; never retried.</summary>
    WriteFailed = 4,
    /// <summary>Asked about what is not held here.</summary>
    OutOfRange = 5,
}

/// <summary>The event log cannot go on; the message says where and what to do.</summary>
public sealed class EventLogException : Exception
{
    public EventLogException() { }
    public EventLogException(string message) : base(message) { }
    public EventLogException(string message, Exception innerException) : base(message, innerException) { }

    public EventLogException(EventLogProblem problem, string message, Exception? innerException = null) : base(message, innerException) =>
        Problem = problem;

    public EventLogProblem Problem { get; }
}
