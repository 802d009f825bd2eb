using Microsoft.Extensions.Logging;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.State;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Host.Leader;

/// <summary>Work that only the leader does, round by round. A test steps it with <see cref="RunOnceAsync"/>.</summary>
public abstract partial class LeaderLoop(LeaderTerms terms, StateQueries queries, TimeProvider clock, ILogger logger)
{
    private readonly WakeSignal _wake = new();

    /// <summary>Names the loop as the actor of its commands.</summary>
    public abstract string Name { get; }

    /// <summary>Longest time between two rounds.</summary>
    protected abstract TimeSpan Period { get; }

    protected TimeProvider Clock => clock;

    /// <summary>One round; does nothing while this replica does not lead.</summary>
    public abstract Task RunOnceAsync(CancellationToken cancellationToken);

    /// <summary>Rounds until cancelled. A round that fails is followed by the next.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await _wake.WaitAsync(Period, clock, cancellationToken);
                await RunOnceAsync(cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested) { return; }
            catch (Exception e) when (e is not InvariantViolation) { LogRoundFailed(e, Name, Period); }
        }
    }

    /// <summary>Brings the next round forward.</summary>
    public void Wake() => _wake.Set();

    /// <summary>
    /// Looks at state and term together, on the apply thread; null when this replica does not lead, when the log is sealed, so that nothing
    /// could be done, or when the look is.
    /// </summary>
    protected ValueTask<T?> LookAsync<T>(Func<ClusterState, LeaderTerm, T?> look) where T : class =>
        LookAlsoSealedAsync((state, term) => state.Cluster.Seal is null ? look(state, term) : null);

    /// <summary>As <see cref="LookAsync"/>, and also while the log is sealed.</summary>
    protected ValueTask<T?> LookAlsoSealedAsync<T>(Func<ClusterState, LeaderTerm, T?> look) where T : class =>
        queries.ReadNowAsync((terms, look), static (state, _, at) => at.terms.Current is { } term ? at.look(state, term) : null);

    [LoggerMessage(3101, LogLevel.Warning, "A round of {Loop} failed; the next one comes within {Period}")]
    private partial void LogRoundFailed(Exception e, string loop, TimeSpan period);
}
