using System.Collections.Immutable;
using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Fields;

namespace VideoScale.ControlPlane.Webhooks;

/// <param name="Id">Of the webhook.</param>
public abstract record WebhookCommand(string Id) : DomainCommand
{
    public override string Subject => "cluster";
    public override void Describe(FieldSink sink) => sink.Text("webhook", Id);

    /// <summary>A URL that is new: it hears of what happens from here on. From the leader's sender.</summary>
    public sealed record Add(string Id, string Url) : WebhookCommand(Id)
    {
        internal static readonly CommandShape Shape = new(CommandType.AddWebhook,
            static (ref CanonicalReader r) => new Add(r.ReadString(), r.ReadString()));
        public override CommandType Type => Shape.Type;
        public override void Describe(FieldSink sink)
        {
            sink.Text("webhook", Id);
            sink.Text("url", Url);
        }
    }

    /// <summary>What its receiver took, and what it did not. From the leader's sender.</summary>
    public sealed record Advance(string Id, WebhookProgress Progress) : WebhookCommand(Id)
    {
        internal static readonly CommandShape Shape = new(CommandType.AdvanceWebhook,
            static (ref CanonicalReader r) => new Advance(r.ReadString(), WebhookProgress.Read(ref r)));
        public override CommandType Type => Shape.Type;
        public override void Describe(FieldSink sink)
        {
            sink.Text("webhook", Id);
            Progress.Describe(sink);
        }
    }

    /// <summary>Dead letters are sent again.</summary>
    /// <param name="Messages">None: all there are.</param>
    public sealed record Replay(string Id, ImmutableArray<MessageRef> Messages) : WebhookCommand(Id)
    {
        internal static readonly CommandShape Shape = new(CommandType.ReplayWebhook,
            static (ref CanonicalReader r) => new Replay(r.ReadString(), MessageRef.ReadAll(ref r)));
        public override CommandType Type => Shape.Type;
        public override void Describe(FieldSink sink)
        {
            sink.Text("webhook", Id);
            MessageRef.Describe(sink, "messages", Messages);
        }
    }

    /// <summary>Its position and dead letters go; while it is configured it begins anew, at the end of the log.</summary>
    public sealed record Forget(string Id) : WebhookCommand(Id)
    {
        internal static readonly CommandShape Shape = new(CommandType.ForgetWebhook,
            static (ref CanonicalReader r) => new Forget(r.ReadString()));
        public override CommandType Type => Shape.Type;
    }
}

/// <summary>All commands of this concept: a new one is its record, its number and a name here.</summary>
public static class WebhookCommands
{
    public static ImmutableArray<CommandShape> All =>
    [
        WebhookCommand.Add.Shape, WebhookCommand.Advance.Shape, WebhookCommand.Replay.Shape, WebhookCommand.Forget.Shape,
    ];
}
