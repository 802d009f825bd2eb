using System.Buffers.Binary;
using System.Net;
using DotNext.Buffers;
using DotNext.IO;
using DotNext.Net.Cluster;
using DotNext.Net.Cluster.Consensus.Raft;
using DotNext.Net.Cluster.Consensus.Raft.Membership;
using VideoScale.Consensus.DotNext.Log;
using VideoScale.Consensus.DotNext.Transport;

namespace VideoScale.Consensus.DotNext.Cluster;

/// <summary>
/// DotNext as it is shipped, with its own transport and read barrier, to be compared with: see <see cref="DotNextEngine"/>.
/// </summary>
internal sealed class PlainMembers : IMembers
{
    /// <summary>One limit rules votes, entries and snapshots: it has to be one within which a whole backlog goes over.</summary>
    private static readonly TimeSpan BacklogTimeout = TimeSpan.FromSeconds(5);

    private readonly RaftCluster _cluster;
    private readonly DurableLog _log;
    private readonly Dictionary<EndPoint, MemberId> _members;
    private readonly MemberId _self;
    private readonly LeadershipWatch<RaftClusterMember> _leadership;
    private readonly CancellationTokenSource _stop = new();

    internal PlainMembers(TransportSettings settings, LogSetup setup, DurableLog log)
    {
        (_log, _self) = (log, settings.Self);
        _members = setup.Founders.Voters.ToDictionary(member => RaftMembers.AddressOf(setup, member));
        var addresses = new Addresses();
        var founders = addresses.CreateInitialConfigurationBuilder();
        founders.UnionWith(_members.Keys);
        founders.Build();
        _cluster = new RaftCluster(new RaftCluster.TcpConfiguration(settings.Listen)
        {
            ConfigurationStorage = addresses,
            ColdStart = false,
            RequestTimeout = BacklogTimeout,
            HeartbeatThreshold = 1 / 3.0,
            LowerElectionTimeout = 6 * setup.TickMs,
            UpperElectionTimeout = 12 * setup.TickMs,
        })
        { AuditTrail = log };
        _leadership = new LeadershipWatch<RaftClusterMember>(_cluster, log, _self,
            member => _members.GetValueOrDefault(member.EndPoint));
    }

    public long LeadingTerm => _leadership.LeadingTerm;
    public MemberId LeaderId => _leadership.LeaderId;

    public IEnumerable<MemberProgress> Others => _members.Values.Where(member => member != _self)
        .Select(member => new MemberProgress(member, 0, TimeSpan.Zero, Voter: true));

    public Task BeginAsync(CancellationToken cancellationToken) => _cluster.StartAsync(cancellationToken);

    public Task FollowLeadershipAsync(Action<RoleChange> changed, CancellationToken cancellationToken) =>
        _leadership.RunAsync(changed, static () => { }, cancellationToken);

    public void Replicate() => LeadershipWatch<RaftClusterMember>.Observe(_cluster.ForceReplicationAsync(_stop.Token));

    public async Task<long?> FindReadIndexAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _cluster.ApplyReadBarrierAsync(ReadBarrierType.Strong, cancellationToken);
            return _log.LastAppliedIndex;
        }
        catch (Exception e) when (e is QuorumUnreachableException or NotLeaderException or MemberUnavailableException) { return null; }
    }

    public Task HandOverAsync(CancellationToken cancellationToken) =>
        _leadership.HandOverAsync(((ICluster)_cluster).ResignAsync, cancellationToken);

    public void Silence() => _ = _cluster.StopAsync(CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _cluster.DisposeAsync();
        _stop.Dispose();
    }

    /// <summary>Of the founding members, in memory: they never change.</summary>
    private sealed class Addresses : InMemoryClusterConfigurationStorage<EndPoint>
    {
        private const int AddressBytes = 16, PortBytes = sizeof(int);

        protected override void Encode(EndPoint address, ref BufferWriterSlim<byte> writer)
        {
            var (bytes, end) = (new byte[AddressBytes + PortBytes], (IPEndPoint)address);
            end.Address.MapToIPv6().TryWriteBytes(bytes, out _);
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(AddressBytes), end.Port);
            writer.Write(bytes);
        }

        protected override EndPoint Decode(ref SequenceReader reader)
        {
            var bytes = new byte[AddressBytes + PortBytes];
            reader.Read(bytes);
            var address = new IPAddress(bytes.AsSpan(0, AddressBytes));
            return new IPEndPoint(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address,
                BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(AddressBytes)));
        }
    }
}
