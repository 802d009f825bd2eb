namespace VideoScale.ControlPlane.Host.Export;

/// <summary>What a failure of the export asks for.</summary>
public enum ExportProblem
{
    /// <summary>Try again after a while.</summary>
    Transient,

    /// <summary>Somebody has to do something first, and then it goes by itself.</summary>
    NotReady,

    /// <summary>Another exporter has the say.</summary>
    Fenced,

    /// <summary>Another cluster's events, or another past than this log: nothing is written there.</summary>
    Foreign,

    /// <summary>The same would be refused for ever: nothing is left out, so it stops.</summary>
    Permanent,
}

/// <summary>The export cannot go on as it was. The message is for operators and holds no secret.</summary>
public sealed class ExportException : Exception
{
    public ExportException()
    {
    }

    public ExportException(string message) : base(message)
    {
    }

    public ExportException(string message, Exception innerException) : base(message, innerException)
    {
    }

    /// <param name="seq">The event it is about.</param>
    public ExportException(ExportProblem problem, string message, ulong? seq = null, Exception? innerException = null)
        : base(message, innerException) => (Problem, Seq) = (problem, seq);

    public ExportProblem Problem { get; }
    public ulong? Seq { get; }

    /// <summary>Trying again does not help.</summary>
    public bool IsFinal => Problem is ExportProblem.Foreign or ExportProblem.Permanent;
}
