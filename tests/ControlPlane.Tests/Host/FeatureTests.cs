using VideoScale.Consensus;
using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Catalogue;
using VideoScale.ControlPlane.Clocks;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Nodes;
using VideoScale.ControlPlane.Tests.Core;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Tests.HostTests;

public sealed class FeatureTests
{
    /// <summary>A log that holds something begins to apply it before the replica that it belongs to is put together.</summary>
    [Fact]
    public async Task Who_follows_state_knows_what_was_applied_before_it_was_there()
    {
        await using var replica = await FakeReplica.StartAsync(started: log =>
        {
            var command = new NodeCommand.Register(Bed.Describe("media-0"));
            using var writer = new CanonicalWriter();
            EntryCodec.Write(new(new EntryStamp(new LogTime(1_000_000)),
                [new(command, new Actor("media-0", ActorKind.Node, ActorAuthMethod.Token))]), writer);
            var proposed = log.ProposeAsync(new ProposalId(7, 1), writer.WrittenSpan.ToArray(), CancellationToken.None).AsTask();
            Assert.Equal(Outcome.Committed, proposed.GetAwaiter().GetResult().Outcome);
            var told = new Told(); // those who follow by then
            log.Post(told);
            told.Done.Task.Wait();
        });
        var core = replica.App.Replica.Core;
        await core.Queries.ReadNowAsync(0, static (_, index, _) => index); // behind all that the start had to say
        Assert.NotNull(core.Fleet.HeadroomPermille(new NodeId("media-0")));
    }

    private sealed class Told : IApplyWork
    {
        internal TaskCompletionSource Done { get; } = new();
        public void Run(ulong appliedIndex) => Done.SetResult();
    }
}
