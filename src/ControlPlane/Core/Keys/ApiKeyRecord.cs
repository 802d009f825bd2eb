using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Fields;

namespace VideoScale.ControlPlane.Keys;

/// <summary>An API key that applications sign tokens with. Immutable: a change replaces it.</summary>
/// <param name="SecretSeq">The event that the secret came with.</param>
/// <param name="Former">The secret before the last rotation, taken until <paramref name="FormerUntilMs"/>; none where there is
/// none.</param>
/// <param name="IsEnabled">Tokens of one that is not are refused.</param>
/// <param name="ChangedAtMs">When its secret, or whether it is enabled, was last changed.</param>
public sealed record ApiKeyRecord(string Name, SealedSecret Secret, ulong SecretSeq, SealedSecret Former, long FormerUntilMs,
    bool IsEnabled, long CreatedAtMs, long ChangedAtMs)
{
    public void Describe(FieldSink sink)
    {
        sink.Text("key", Name);
        Secret.Describe("secret", sink);
        sink.Number("secret_seq", SecretSeq);
        Former.Describe("former", sink);
        sink.Signed("former_until_ms", FormerUntilMs);
        sink.Flag("enabled", IsEnabled);
        sink.Signed("created_at_ms", CreatedAtMs);
        sink.Signed("changed_at_ms", ChangedAtMs);
    }

    public static ApiKeyRecord Read(ref CanonicalReader r) => new(r.ReadString(), SealedSecret.Read(ref r), r.ReadUInt64(),
        SealedSecret.Read(ref r), r.ReadInt64(), r.ReadBool(), r.ReadInt64(), r.ReadInt64());
}
