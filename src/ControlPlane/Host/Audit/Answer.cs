using VideoScale.Model;

namespace VideoScale.ControlPlane.Host.Audit;

/// <summary>What was asked for, or why it is refused.</summary>
public readonly record struct Answer<T>(T? Value, Failure? Failure) where T : class
{
    public static implicit operator Answer<T>(T value) => new(value, null);
    public static implicit operator Answer<T>(Failure failure) => new(null, failure);
}
