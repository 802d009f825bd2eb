using System.Collections.Immutable;
using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Fields;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Keys;

/// <summary>A secret as the log has it: opaque here, opened by whoever has what it was sealed with.</summary>
public readonly record struct SealedSecret(ImmutableArray<byte> Bytes)
{
    private const int MaxBytes = 512;

    public static readonly SealedSecret None = new([]);

    public bool IsNone => Bytes.IsDefaultOrEmpty;

    internal Failure? Check() => IsNone || Bytes.Length > MaxBytes
        ? Failure.InvalidArgument($"secret: {(IsNone ? 0 : Bytes.Length)} sealed bytes break the rule: 1 to {MaxBytes}") : null;

    internal void Describe(string name, FieldSink sink) => sink.Bytes(name, Bytes.AsSpan());

    internal static SealedSecret Read(ref CanonicalReader r) => new([.. r.ReadBytes(MaxBytes)]);

    public bool Equals(SealedSecret other) => Bytes.AsSpan().SequenceEqual(other.Bytes.AsSpan());

    public override int GetHashCode() => IsNone ? 0 : (Bytes.Length << 8) | Bytes[^1];
}
