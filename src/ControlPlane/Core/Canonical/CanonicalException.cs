namespace VideoScale.ControlPlane.Canonical;

/// <summary>Bytes that are not the canonical encoding of anything: damaged, foreign, or written by a newer version.</summary>
public sealed class CanonicalException : Exception
{
    public CanonicalException() { }
    public CanonicalException(string message) : base(message) { }
    public CanonicalException(string message, Exception innerException) : base(message, innerException) { }
}
