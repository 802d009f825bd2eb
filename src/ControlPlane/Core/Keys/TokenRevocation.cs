using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Fields;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Keys;

/// <summary>Tokens that are refused although their signature is good and their time has not come.</summary>
/// <param name="Key">Signed with this one.</param>
/// <param name="Subject">The identity they were issued for; empty for all.</param>
/// <param name="IssuedBeforeMs">Issued before this moment; those that do not say when count as issued before.</param>
/// <param name="UntilMs">When it is forgotten: tokens that were issued before have ended by then.</param>
public sealed record TokenRevocation(string Key, string Subject, long IssuedBeforeMs, long UntilMs)
{
    public const long LongestMs = 366L * 24 * 3_600_000;

    /// <param name="issuedAtMs">Null where the token does not say.</param>
    public bool Covers(string key, string subject, long? issuedAtMs, long nowMs) =>
        nowMs < UntilMs && Key == key && (Subject.Length == 0 || Subject == subject)
        && !(issuedAtMs is { } at && at >= IssuedBeforeMs);

    public Failure? Check(long nowMs) =>
        NameRule.Check("key", Key)
        ?? (Subject.Length == 0 ? null : TextLimits.CheckIdentity(Subject))
        ?? Rules.InRange("until_ms", (ulong)Math.Max(0, UntilMs - nowMs), 1, (ulong)LongestMs)
        ?? (IssuedBeforeMs > nowMs + LatestAheadMs
            ? Failure.InvalidArgument($"issued_before_ms: {IssuedBeforeMs} breaks the rule: at most a minute from now") : null);

    /// <summary>Clocks differ; what is issued later than this cannot be revoked yet.</summary>
    private const long LatestAheadMs = 60_000;

    public void Describe(FieldSink sink)
    {
        sink.Text("key", Key);
        sink.Text("subject", Subject);
        sink.Signed("issued_before_ms", IssuedBeforeMs);
        sink.Signed("until_ms", UntilMs);
    }

    public static TokenRevocation Read(ref CanonicalReader r) => new(r.ReadString(), r.ReadString(), r.ReadInt64(), r.ReadInt64());

    public string Words => (Subject.Length == 0 ? "all tokens" : $"tokens of {Subject}") + $" signed with {Key}, issued before "
        + $"{DateTimeOffset.FromUnixTimeMilliseconds(IssuedBeforeMs):yyyy-MM-ddTHH:mm:ssZ}";
}
