using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Catalogue;
using VideoScale.ControlPlane.Cluster;
using VideoScale.ControlPlane.Commands;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Tests.Core;

/// <summary>Their words are in logs: none may ever be another one.</summary>
public sealed class ActorTests
{
    public static TheoryData<Actor, string> Known => new()
    {
        { new("a", ActorKind.Operator, ActorAuthMethod.Token), "a operator token" },
        { new("a", ActorKind.Operator, ActorAuthMethod.Development), "a operator development" },
        { new("a", ActorKind.Operator, ActorAuthMethod.Offline), "a operator offline" },
        { new("a", ActorKind.Node, ActorAuthMethod.MutualTls), "a node mtls" },
        { Actor.Loop("drain"), "drain system internal" },
        { Actor.System, "leader system internal" },
        // of a program that has more of them
        { new("a", ActorKind.Of("robot"), ActorAuthMethod.Of("passkey")), "a robot passkey" },
    };

    [Theory]
    [MemberData(nameof(Known))]
    public void An_actor_is_written_in_words_and_comes_back(Actor actor, string words)
    {
        using var writer = new CanonicalWriter();
        EntryCodec.Write(new(new LogTime(1), [new(new ClusterCommand.MarkCheckpoint(), actor)]), writer);
        var read = Assert.Single(EntryCodec.Read(writer.WrittenSpan).Commands).Actor;
        Assert.Equal(actor, read);
        Assert.Equal(words, $"{read.Subject} {read.Kind} {read.AuthMethod}");
        Assert.Equal(words, $"{read.Subject} {read.Kind.Word} {read.AuthMethod.Word}");
    }
}
