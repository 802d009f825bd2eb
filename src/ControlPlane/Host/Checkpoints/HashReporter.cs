using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.Logging;
using VideoScale.Consensus;
using VideoScale.ControlPlane.Host.Cluster;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.State;
using VideoScale.Rpc;
using VideoScale.V1;

namespace VideoScale.ControlPlane.Host.Checkpoints;

/// <summary>On a replica that does not lead: tells the leader what the state hashed to at each mark.</summary>
public sealed partial class HashReporter(IReplicatedLog log, Leadership leadership, ControlPlaneStateMachine machine, MemberBook book,
    ChannelPool channels,
    ReplicaIdentity identity, Action<Exception> fatal, ILogger<HashReporter> logger) : IStateListener
{
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(2);
    private readonly WakeSignal _applied = new();
    private ulong _reported;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await _applied.WaitAsync(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
                await RunOnceAsync(cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested) { return; }
            catch (RpcException e) { LogNotReported(e.StatusCode, e.Status.Detail); } // the next mark is reported again
        }
    }

    public async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        if (machine.Marks.Last is not { } mark || mark.Index <= _reported || leadership.IsMine) return;
        _reported = mark.Index;
        if (book.Find(leadership.Now.Leader) is not { } leader) return;
        var client = new ReplicaService.ReplicaServiceClient(channels.Get(leader.GrpcAddress));
        Span<byte> hash = stackalloc byte[16];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt128BigEndian(hash, mark.StateHash);
        var reply = await client.ReportHashAsync(new ReportHashRequest
        {
            MemberId = log.Status.Self.Value,
            MarkIndex = mark.Index,
            StateHash = ByteString.CopyFrom(hash),
            EventSeq = mark.EventSeq,
            ChainHead = ByteString.CopyFrom(mark.ChainHead.ToArray()),
            MerkleRoot = ByteString.CopyFrom(mark.MerkleRoot.ToArray()),
        }, new CallOptions(identity.Own(), DateTime.UtcNow + CallTimeout, cancellationToken));
        if (reply.NoMajority)
            fatal(
                new InvalidDataException(
                $"no majority of voters has the same state at log index {mark.Index}: nobody knows which is right, so this replica stops"));
    }

    public void OnApplied(ulong appliedIndex, IReadOnlyList<AppliedEvent> events, ClusterState state)
    {
        if (machine.Marks.Last is { } mark && mark.Index > Volatile.Read(ref _reported)) _applied.Set();
    }

    public void OnRestored(ulong appliedIndex, ClusterState state) { }

    [LoggerMessage(3131, LogLevel.Debug, "A hash was not reported ({Status}): {Detail}")]
    private partial void LogNotReported(StatusCode status, string detail);
}
