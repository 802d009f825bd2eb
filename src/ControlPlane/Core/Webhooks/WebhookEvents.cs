using System.Collections.Immutable;
using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Events;
using VideoScale.ControlPlane.Fields;

namespace VideoScale.ControlPlane.Webhooks;

/// <param name="Id">Of the webhook.</param>
public abstract record WebhookEvent(string Id) : DomainEvent
{
    public override string Stream => "webhook-" + Id;
    public override void Describe(FieldSink sink) => sink.Text("webhook", Id);

    /// <param name="Position">Its receiver hears of what comes after this event.</param>
    public sealed record Added(string Id, string Url, ulong Position) : WebhookEvent(Id)
    {
        internal static readonly EventShape Shape = new(EventType.WebhookAdded,
            static (ref CanonicalReader r) => new Added(r.ReadString(), r.ReadString(), r.ReadUInt64()));
        public override EventType Type => Shape.Type;
        public override void Describe(FieldSink sink)
        {
            sink.Text("webhook", Id);
            sink.Text("url", Url);
            sink.Number("position", Position);
        }
        public override string Words => $"webhook {Id} ({Url}) hears of what happens after event {Position}";
    }

    public sealed record Advanced(string Id, WebhookProgress Progress) : WebhookEvent(Id)
    {
        internal static readonly EventShape Shape = new(EventType.WebhookAdvanced,
            static (ref CanonicalReader r) => new Advanced(r.ReadString(), WebhookProgress.Read(ref r)));
        public override EventType Type => Shape.Type;
        public override void Describe(FieldSink sink)
        {
            sink.Text("webhook", Id);
            Progress.Describe(sink);
        }
        public override string Words => $"webhook {Id} took {Progress.Delivered} messages and is at event {Progress.Position}"
            + (Progress.Held.IsEmpty ? "" : $", {Progress.Held.Length} rooms wait")
            + (Progress.Dead.IsEmpty ? "" : $", {Progress.Dead.Length} messages were given up: {Progress.Dead[0].Error}");
    }

    /// <param name="Messages">Dead letters that are sent again.</param>
    public sealed record ReplayAsked(string Id, ImmutableArray<MessageRef> Messages) : WebhookEvent(Id)
    {
        internal static readonly EventShape Shape = new(EventType.WebhookReplayAsked,
            static (ref CanonicalReader r) => new ReplayAsked(r.ReadString(), MessageRef.ReadAll(ref r)));
        public override EventType Type => Shape.Type;
        public override void Describe(FieldSink sink)
        {
            sink.Text("webhook", Id);
            MessageRef.Describe(sink, "messages", Messages);
        }
        public override string Words => $"{Messages.Length} dead letters of webhook {Id} are sent again";
    }

    public sealed record Forgotten(string Id) : WebhookEvent(Id)
    {
        internal static readonly EventShape Shape = new(EventType.WebhookForgotten,
            static (ref CanonicalReader r) => new Forgotten(r.ReadString()));
        public override EventType Type => Shape.Type;
        public override string Words => $"webhook {Id} was forgotten, with its position and dead letters";
    }
}

/// <summary>All events of this concept: a new one is its record, its number and a name here.</summary>
public static class WebhookEvents
{
    public static ImmutableArray<EventShape> All =>
    [
        WebhookEvent.Added.Shape, WebhookEvent.Advanced.Shape, WebhookEvent.ReplayAsked.Shape, WebhookEvent.Forgotten.Shape,
    ];
}
