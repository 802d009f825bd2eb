using System.Collections.Immutable;
using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Events;
using VideoScale.ControlPlane.Fields;

namespace VideoScale.ControlPlane.Keys;

/// <param name="Key">Its name.</param>
public abstract record KeyEvent(string Key) : DomainEvent
{
    internal const string StreamName = "keys";
    public override string Stream => StreamName;
    public override void Describe(FieldSink sink) => sink.Text("key", Key);

    public sealed record Created(string Key, SealedSecret Secret) : KeyEvent(Key)
    {
        internal static readonly EventShape Shape = new(EventType.ApiKeyCreated,
            static (ref CanonicalReader r) => new Created(r.ReadString(), SealedSecret.Read(ref r)));
        public override EventType Type => Shape.Type;
        public override void Describe(FieldSink sink)
        {
            sink.Text("key", Key);
            Secret.Describe("secret", sink);
        }
        public override string Words => $"API key {Key} created";
    }

    public sealed record Rotated(string Key, SealedSecret Secret, long FormerUntilMs) : KeyEvent(Key)
    {
        internal static readonly EventShape Shape = new(EventType.ApiKeyRotated,
            static (ref CanonicalReader r) => new Rotated(r.ReadString(), SealedSecret.Read(ref r), r.ReadInt64()));
        public override EventType Type => Shape.Type;
        public override void Describe(FieldSink sink)
        {
            sink.Text("key", Key);
            Secret.Describe("secret", sink);
            sink.Signed("former_until_ms", FormerUntilMs);
        }
        public override string Words => $"API key {Key} has another secret; the former one is taken until "
            + $"{DateTimeOffset.FromUnixTimeMilliseconds(FormerUntilMs):yyyy-MM-ddTHH:mm:ssZ}";
    }

    public sealed record EnabledSet(string Key, bool IsEnabled) : KeyEvent(Key)
    {
        internal static readonly EventShape Shape = new(EventType.ApiKeyEnabledSet,
            static (ref CanonicalReader r) => new EnabledSet(r.ReadString(), r.ReadBool()));
        public override EventType Type => Shape.Type;
        public override void Describe(FieldSink sink)
        {
            sink.Text("key", Key);
            sink.Flag("enabled", IsEnabled);
        }
        public override string Words => IsEnabled ? $"API key {Key} enabled" : $"API key {Key} disabled: its tokens are refused";
    }

    public sealed record Deleted(string Key) : KeyEvent(Key)
    {
        internal static readonly EventShape Shape = new(EventType.ApiKeyDeleted,
            static (ref CanonicalReader r) => new Deleted(r.ReadString()));
        public override EventType Type => Shape.Type;
        public override string Words => $"API key {Key} deleted";
    }

    public sealed record TokensRevoked(TokenRevocation Revocation) : KeyEvent(Revocation.Key)
    {
        internal static readonly EventShape Shape = new(EventType.TokensRevoked,
            static (ref CanonicalReader r) => new TokensRevoked(TokenRevocation.Read(ref r)));
        public override EventType Type => Shape.Type;
        public override void Describe(FieldSink sink) => Revocation.Describe(sink);
        public override string Words => $"{Revocation.Words}, are refused";
    }
}

/// <summary>All events of this concept: a new one is its record, its number and a name here.</summary>
public static class KeyEvents
{
    public static ImmutableArray<EventShape> All =>
    [
        KeyEvent.Created.Shape, KeyEvent.Rotated.Shape, KeyEvent.EnabledSet.Shape, KeyEvent.Deleted.Shape, KeyEvent.TokensRevoked.Shape,
    ];
}
