namespace VideoScale.ControlPlane.Commands;

/// <summary>The log holds a command this program does not know: it stops before applying it, and a newer program goes on.</summary>
public sealed class UnknownCommandException : Exception
{
    public UnknownCommandException() { }
    public UnknownCommandException(string message) : base(message) { }
    public UnknownCommandException(string message, Exception innerException) : base(message, innerException) { }
    public UnknownCommandException(uint number)
        : base($"command number {number} is unknown to this program: the log was written by a newer one; start that one here") { }
}
