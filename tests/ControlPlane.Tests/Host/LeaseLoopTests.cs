using Microsoft.Extensions.Logging.Abstractions;
using VideoScale.Consensus.InMemory;
using VideoScale.ControlPlane.Host.Leader;
using VideoScale.ControlPlane.Host.Leases;
using VideoScale.ControlPlane.Leases;
using VideoScale.ControlPlane.Nodes;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Tests.HostTests;

/// <summary>The loop that declares nodes lost, step by step, on a log that loses what it is told to lose.</summary>
public sealed class LeaseLoopTests : IAsyncDisposable
{
    private static readonly NodeId Node = new("media-0");
    private readonly LoneLeader _leader = new();
    private readonly LeaseLoop _loop;

    public LeaseLoopTests()
    {
        var hub = new AgentHub(_leader.Log, _leader.Machine, _leader.Terms, null!); // no stream ends, so nobody is told where the leader is
        _leader.Machine.Feed.Add(hub);
        _loop = new LeaseLoop(_leader.Terms, _leader.Queries, new LoopCommands(_leader.Pipeline), hub, _leader.Time, _leader.Clock,
            TimeProvider.System, NullLogger<LeaseLoop>.Instance);
    }

    [Theory]
    [InlineData(ProposalFault.UnknownAndLost)]
    [InlineData(ProposalFault.UnknownButCommitted)]
    public async Task A_loss_whose_outcome_is_unknown_is_proposed_again_and_happens_once(ProposalFault fault)
    {
        await ANodeIsSilentAndItsLeaseIsOverAsync();
        _leader.Log.Inject(fault);
        _leader.Log.Inject(ProposalFault.Overloaded); // the pipeline asks again and is refused, which says nothing of the first try
        await _loop.RunOnceAsync(CancellationToken.None);
        Assert.Equal(fault == ProposalFault.UnknownButCommitted ? 1 : 0, Losses);
        Assert.False(await MayAcknowledgeAsync()); // it may be lost
        for (var round = 0; round < 3; round++) await _loop.RunOnceAsync(CancellationToken.None);
        Assert.Equal(1, Losses);
        Assert.False(await MayAcknowledgeAsync());
    }

    [Fact]
    public async Task A_loss_that_certainly_did_not_enter_the_log_holds_no_acknowledgement_back()
    {
        await ANodeIsSilentAndItsLeaseIsOverAsync();
        _leader.Log.Inject(ProposalFault.Overloaded);
        await _loop.RunOnceAsync(CancellationToken.None);
        Assert.Equal(0, Losses);
        Assert.True(await MayAcknowledgeAsync());
        await _loop.RunOnceAsync(CancellationToken.None);
        Assert.Equal(1, Losses);
    }

    private int Losses => _leader.Happened.Count(e => e is NodeEvent.Lost);

    private async Task ANodeIsSilentAndItsLeaseIsOverAsync()
    {
        await _leader.LeadsAsync();
        await _leader.RegisterAsync(Node.Value);
        _leader.Clock.Pass(60_000);
    }

    private async Task<bool> MayAcknowledgeAsync() => await _leader.Queries.ReadNowAsync(_leader.Terms,
        static (state, _, terms) => terms.Current!.Leases.MayAcknowledge(Node, 1, LeaseHolder.Of(state.FindNode(Node)!)));

    public ValueTask DisposeAsync() => _leader.DisposeAsync();
}
