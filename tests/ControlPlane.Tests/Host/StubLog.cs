using System.Threading.Channels;
using VideoScale.Consensus;

namespace VideoScale.ControlPlane.Tests.HostTests;

/// <summary>A log of which only status and roles are asked, and that a test sets.</summary>
internal sealed class StubLog(ReplicaStatus status) : IReplicatedLog
{
    private readonly Channel<RoleChange> _roles = Channel.CreateUnbounded<RoleChange>();
    private volatile Func<ReplicaStatus> _status = () => status;

    internal static readonly MemberId One = new(1), Two = new(2), Three = new(3);

    internal static ReplicaStatus StatusOf(Membership membership, params MemberProgress[] progress) =>
        new(One, ReplicaRole.Leader, 1, One, 1, 1, 1, 1, 1, 0, membership, 0, progress);

    public ReplicaStatus Status => _status();

    internal void Show(Func<ReplicaStatus> status) => _status = status;

    public LogCapabilities Capabilities => LogCapabilities.None;
    public string EngineName => "stub";
    public Task<Exception> Fatal { get; } = new TaskCompletionSource<Exception>().Task;
    public ValueTask<ProposeResult> ProposeAsync(ProposalId id, ReadOnlyMemory<byte> command, CancellationToken cancellationToken) =>
        throw new NotSupportedException();
    public ValueTask<ReadFence> ReadFenceAsync(ReadMode mode, CancellationToken cancellationToken) => throw new NotSupportedException();
    public ValueTask<MembershipResult> ChangeMembershipAsync(MembershipChange change, ulong expectedConfigIndex,
        CancellationToken cancellationToken) => throw new NotSupportedException();
    public ValueTask TransferLeadershipAsync(MemberId to, CancellationToken cancellationToken) => throw new NotSupportedException();
    public ValueTask<SnapshotInfo> CreateSnapshotAsync(CancellationToken cancellationToken) => throw new NotSupportedException();
    public void Post(IApplyWork work) => throw new NotSupportedException();

    internal void Become(RoleChange role) => _roles.Writer.TryWrite(role);

    public IAsyncEnumerable<RoleChange> Roles(CancellationToken cancellationToken) => _roles.Reader.ReadAllAsync(cancellationToken);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
