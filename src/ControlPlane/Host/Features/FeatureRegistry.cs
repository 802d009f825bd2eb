using VideoScale.ControlPlane.Host.Leader;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.Host.Subscriptions;
using VideoScale.ControlPlane.Host.Watches;
using VideoScale.Rpc;

namespace VideoScale.ControlPlane.Host.Features;

/// <summary>
/// What the features of one replica brought. gRPC services, HTTP endpoints and what is disposed: <see cref="EndpointRegistry"/>.
/// </summary>
internal sealed class FeatureRegistry(StateFeed feed, EventSubscriptions subscriptions) : EndpointRegistry
{
    private readonly List<LeaderLoop> _leaderLoops = [];
    private readonly List<Func<CancellationToken, Task>> _loops = [];
    private readonly List<Action> _atStop = [];
    private readonly List<Action<string>> _streams = [];
    private readonly List<Func<(int Count, long Offered)>> _watches = [];

    /// <summary>Work of the leader alone, round by round.</summary>
    internal void Run(LeaderLoop loop) => _leaderLoops.Add(loop);

    /// <summary>Work of every replica, until it is cancelled. What it throws stops the replica for ever.</summary>
    internal void Run(Func<CancellationToken, Task> loop) => _loops.Add(loop);

    /// <summary>Follows the replicated state from here on, after those who came before.</summary>
    internal void Listen(IStateListener listener) => feed.Add(listener);

    /// <summary>Follows the event log.</summary>
    /// <exception cref="StartupException">Its position on disk is damaged.</exception>
    internal void Subscribe(EventSubscriber subscriber)
    {
        try { subscriptions.Add(subscriber); }
        catch (InvalidDataException e) { throw new StartupException(ExitCode.DataDirectory, e.Message, e); }
    }

    /// <summary>Streams to callers that end, with a reason, when this replica stops and when it has lost the leader.</summary>
    internal void EndStreams(Action<string> endAll) => _streams.Add(endAll);

    /// <summary>Streams of changes: told of state, ended as the others are, counted together.</summary>
    internal void Watch<TChange>(Watches<TChange> watches) where TChange : class
    {
        Listen(watches);
        EndStreams(watches.EndAll);
        _watches.Add(() => (watches.Count, watches.Offered));
    }

    /// <summary>Once, when this replica begins to stop and still serves what is under way.</summary>
    internal void AtStop(Action end) => _atStop.Add(end);

    /// <summary>Watch streams being served.</summary>
    internal int Watchers => _watches.Sum(each => each().Count);

    /// <summary>Changes put before them so far.</summary>
    internal long WatchersOffered => _watches.Sum(each => each().Offered);

    /// <summary>In the order they are started: the leader's first.</summary>
    internal IEnumerable<Func<CancellationToken, Task>> Loops =>
        [.. _leaderLoops.Select(loop => (Func<CancellationToken, Task>)loop.RunAsync), .. _loops];

    internal void EndAllStreams(string why)
    {
        foreach (var end in _streams) end(why);
    }

    internal void Stop(string why)
    {
        foreach (var end in _atStop) end();
        EndAllStreams(why);
    }
}
