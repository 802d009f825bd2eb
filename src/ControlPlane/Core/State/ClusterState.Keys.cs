using VideoScale.ControlPlane.Events;
using VideoScale.ControlPlane.Keys;
using VideoScale.Model;

namespace VideoScale.ControlPlane.State;

public sealed partial class ClusterState
{
    /// <summary>Null until there was a key or a revocation.</summary>
    public KeyRing? Keys { get; private set; }

    internal void RestoreKeys(KeyRing? keys) => Keys = keys;

    private void EvolveKeys(KeyEvent happened, in EventContext context)
    {
        var (ring, nowMs) = (Keys ?? KeyRing.Empty, LastTime.UnixMs);
        ApiKeyRecord Before()
        {
            var before = ring.Find(happened.Key);
            Invariant.Require(before is not null, "an API key is changed after it was created");
            return before!;
        }
        switch (happened)
        {
            case KeyEvent.Created e:
                Invariant.Require(ring.Find(e.Key) is null, "an API key is created once");
                Keys = ring.With(new ApiKeyRecord(e.Key, e.Secret, context.Seq, SealedSecret.None, 0, IsEnabled: true, nowMs, nowMs));
                break;
            case KeyEvent.Rotated e:
                var rotated = Before();
                var keepsFormer = e.FormerUntilMs > nowMs;
                Keys = ring.With(rotated with
                {
                    Secret = e.Secret,
                    SecretSeq = context.Seq,
                    Former = keepsFormer ? rotated.Secret : SealedSecret.None,
                    FormerUntilMs = keepsFormer ? e.FormerUntilMs : 0,
                    ChangedAtMs = nowMs,
                });
                break;
            case KeyEvent.EnabledSet e: Keys = ring.With(Before() with { IsEnabled = e.IsEnabled, ChangedAtMs = nowMs }); break;
            case KeyEvent.Deleted: Keys = ring.Without(Before().Name); break;
            case KeyEvent.TokensRevoked e: Keys = ring.With(e.Revocation, nowMs); break;
            default: Invariant.Require(false, "every event of keys has a fold"); break;
        }
    }
}
