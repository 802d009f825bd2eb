using System.Diagnostics;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Keys;
using VideoScale.ControlPlane.State;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Decisions;

/// <summary>API keys and tokens that are refused. See docs/keys.md.</summary>
public static class KeyDecider
{
    /// <summary>For how long the secret before the last one may be taken.</summary>
    public const ulong LongestFormerMs = 30 * 24 * 3_600_000UL;

    public static Decision Decide(ClusterState state, KeyCommand command, in EntryContext entry)
    {
        if (NameRule.Check("key", command.Key) is { } wrong) return wrong;
        var ring = state.Keys ?? KeyRing.Empty;
        if (command is KeyCommand.RevokeTokens revoke) return Revoke(ring, revoke.Revocation, entry);
        var before = ring.Find(command.Key);
        if (command is KeyCommand.Create create) return Create(ring, before, create, entry);
        if (before is null) return Failure.NotFound($"API key {command.Key}");
        return command switch
        {
            KeyCommand.Rotate c => Rotate(c, entry),
            KeyCommand.SetEnabled c when c.IsEnabled == before.IsEnabled => Decision.Nothing(),
            KeyCommand.SetEnabled c => One(new KeyEvent.EnabledSet(c.Key, c.IsEnabled), entry),
            KeyCommand.Delete when before.IsEnabled =>
                Failure.Precondition($"API key {command.Key} is enabled: disable it first, and see that nobody misses it"),
            KeyCommand.Delete c => One(new KeyEvent.Deleted(c.Key), entry),
            _ => throw new UnreachableException(command.ToString()),
        };
    }

    private static Decision Create(KeyRing ring, ApiKeyRecord? before, KeyCommand.Create create, in EntryContext entry)
    {
        if (create.Secret.Check() is { } wrong) return wrong;
        if (before is not null) return Failure.AlreadyExists($"API key {create.Key} already exists: rotate it for another secret");
        if (ring.Keys.Length >= KeyRing.MaxKeys)
            return Failure.Exhausted($"{ring.Keys.Length} API keys are known; the cap is {KeyRing.MaxKeys}: delete what is not used");
        return One(new KeyEvent.Created(create.Key, create.Secret), entry);
    }

    private static Decision Rotate(KeyCommand.Rotate rotate, in EntryContext entry)
    {
        if ((rotate.Secret.Check() ?? Rules.InRange("former_for_ms", rotate.FormerForMs, 0, LongestFormerMs)) is { } wrong) return wrong;
        var until = rotate.FormerForMs == 0 ? 0 : entry.Time.UnixMs + (long)rotate.FormerForMs;
        return One(new KeyEvent.Rotated(rotate.Key, rotate.Secret, until), entry);
    }

    private static Decision Revoke(KeyRing ring, TokenRevocation revocation, in EntryContext entry)
    {
        if (revocation.Check(entry.Time.UnixMs) is { } wrong) return wrong;
        if (ring.Revocations.Contains(revocation)) return Decision.Nothing();
        if (ring.With(revocation, entry.Time.UnixMs).Revocations.Length > KeyRing.MaxRevocations)
            return Failure.Exhausted($"{KeyRing.MaxRevocations} revocations are in force, and that is the cap: rotate the key instead");
        return One(new KeyEvent.TokensRevoked(revocation), entry);
    }

    private static Decision One(KeyEvent happened, in EntryContext entry)
    {
        var events = new DecidedEvents(entry);
        events.Add(happened);
        return Decision.Of(events);
    }
}
