using System.Collections.Immutable;
using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Fields;

namespace VideoScale.ControlPlane.Keys;

/// <param name="Key">Its name.</param>
public abstract record KeyCommand(string Key) : DomainCommand
{
    public override string Subject => KeyEvent.StreamName;
    public override void Describe(FieldSink sink) => sink.Text("key", Key);

    public sealed record Create(string Key, SealedSecret Secret) : KeyCommand(Key)
    {
        internal static readonly CommandShape Shape = new(CommandType.CreateApiKey,
            static (ref CanonicalReader r) => new Create(r.ReadString(), SealedSecret.Read(ref r)));
        public override CommandType Type => Shape.Type;
        public override void Describe(FieldSink sink)
        {
            sink.Text("key", Key);
            Secret.Describe("secret", sink);
        }
    }

    /// <summary>Another secret; the one before is taken beside it for a while.</summary>
    /// <param name="FormerForMs">From when it is applied; 0: no longer.</param>
    public sealed record Rotate(string Key, SealedSecret Secret, ulong FormerForMs) : KeyCommand(Key)
    {
        internal static readonly CommandShape Shape = new(CommandType.RotateApiKey,
            static (ref CanonicalReader r) => new Rotate(r.ReadString(), SealedSecret.Read(ref r), r.ReadUInt64()));
        public override CommandType Type => Shape.Type;
        public override void Describe(FieldSink sink)
        {
            sink.Text("key", Key);
            Secret.Describe("secret", sink);
            sink.Number("former_for_ms", FormerForMs);
        }
    }

    /// <summary>Whether its tokens are taken.</summary>
    public sealed record SetEnabled(string Key, bool IsEnabled) : KeyCommand(Key)
    {
        internal static readonly CommandShape Shape = new(CommandType.SetApiKeyEnabled,
            static (ref CanonicalReader r) => new SetEnabled(r.ReadString(), r.ReadBool()));
        public override CommandType Type => Shape.Type;
        public override void Describe(FieldSink sink)
        {
            sink.Text("key", Key);
            sink.Flag("enabled", IsEnabled);
        }
    }

    public sealed record Delete(string Key) : KeyCommand(Key)
    {
        internal static readonly CommandShape Shape = new(CommandType.DeleteApiKey,
            static (ref CanonicalReader r) => new Delete(r.ReadString()));
        public override CommandType Type => Shape.Type;
    }

    /// <summary>Tokens that were issued are refused from now on.</summary>
    public sealed record RevokeTokens(TokenRevocation Revocation) : KeyCommand(Revocation.Key)
    {
        internal static readonly CommandShape Shape = new(CommandType.RevokeTokens,
            static (ref CanonicalReader r) => new RevokeTokens(TokenRevocation.Read(ref r)));
        public override CommandType Type => Shape.Type;
        public override void Describe(FieldSink sink) => Revocation.Describe(sink);
    }
}

/// <summary>All commands of this concept: a new one is its record, its number and a name here.</summary>
public static class KeyCommands
{
    public static ImmutableArray<CommandShape> All =>
    [
        KeyCommand.Create.Shape, KeyCommand.Rotate.Shape, KeyCommand.SetEnabled.Shape, KeyCommand.Delete.Shape,
        KeyCommand.RevokeTokens.Shape,
    ];
}
