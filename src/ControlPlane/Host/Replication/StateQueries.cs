using System.Threading.Tasks.Sources;
using VideoScale.Consensus;
using VideoScale.ControlPlane.State;
using VideoScale.Model;
using VideoScale.Wire;

namespace VideoScale.ControlPlane.Host.Replication;

/// <summary>Reads replicated state: on the apply thread, between two entries.</summary>
/// <param name="patience">Null: the log's own limit ends a wait.</param>
public sealed class StateQueries(IReplicatedLog log, ControlPlaneStateMachine machine, IReadPatience? patience = null)
{
    /// <summary>Runs a query once everything acknowledged before the call is applied here; UNAVAILABLE without a quorum.</summary>
    /// <param name="read">Short; gets the state and the index it is true at, and returns nothing that changes later.</param>
    public async ValueTask<T> ReadAsync<TArgument, T>(ReadMode mode, TArgument argument, Func<ClusterState, ulong, TArgument, T> read,
        CancellationToken cancellationToken)
    {
        if (mode == ReadMode.Linearizable)
        {
            if (patience?.BeforeRead() is { } hopeless) throw hopeless.ToRpcException();
            var fence = patience is null ? await log.ReadFenceAsync(mode, cancellationToken)
                : await FenceAsync(patience.AtMost, cancellationToken);
            if (!fence.Ok && patience?.AfterRead() is { } reason) throw reason.ToRpcException();
            if (!fence.Ok)
                throw Failure.Unavailable("no quorum confirmed the read in time; ask again, or ask with CONSISTENCY_STALE")
                    .ToRpcException();
        }
        return await ReadNowAsync(argument, read);
    }

    private async ValueTask<ReadFence> FenceAsync(TimeSpan atMost, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(atMost);
        return await log.ReadFenceAsync(ReadMode.Linearizable, limit.Token);
    }

    /// <summary>Runs a query on what is applied now.</summary>
    public ValueTask<T> ReadNowAsync<TArgument, T>(TArgument argument, Func<ClusterState, ulong, TArgument, T> read)
    {
        var query = new Query<TArgument, T>(machine, argument, read);
        log.Post(query);
        return query.Task;
    }

    private sealed class Query<TArgument, T>(ControlPlaneStateMachine machine, TArgument argument,
        Func<ClusterState, ulong, TArgument, T> read) : IApplyWork, IValueTaskSource<T>
    {
        private ManualResetValueTaskSourceCore<T> _source = new() { RunContinuationsAsynchronously = true };

        public ValueTask<T> Task => new(this, _source.Version);

        public void Run(ulong appliedIndex)
        {
            T result;
            try { result = read(machine.State, appliedIndex, argument); }
            catch (Exception e) when (e is not InvariantViolation)
            {
                _source.SetException(e);
                return;
            }
            _source.SetResult(result);
        }

        T IValueTaskSource<T>.GetResult(short token) => _source.GetResult(token);
        ValueTaskSourceStatus IValueTaskSource<T>.GetStatus(short token) => _source.GetStatus(token);
        void IValueTaskSource<T>.OnCompleted(Action<object?> continuation, object? state, short token,
            ValueTaskSourceOnCompletedFlags flags) =>
            _source.OnCompleted(continuation, state, token, flags);
    }
}
