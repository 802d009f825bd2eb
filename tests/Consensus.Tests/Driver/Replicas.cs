using System.Text;
using Microsoft.Extensions.Logging;
using VideoScale.Consensus;
using VideoScale.Consensus.Contract;
using VideoScale.Consensus.Engine.Driver;
using VideoScale.Harness;

namespace VideoScale.Consensus.Tests.Driver;

/// <summary>Engines of one process over memory disks and a memory network.</summary>
internal sealed class Replicas : IAsyncDisposable
{
    private readonly SortedDictionary<ulong, ReplicatedLog> _running = [];
    private readonly Func<ReplicatedLogOptions, ReplicatedLogOptions> _adjust;
    private readonly MemberId[] _members;
    private readonly ILoggerFactory _loggers;

    public Replicas(int count, Func<ReplicatedLogOptions, ReplicatedLogOptions>? adjust = null)
    {
        _adjust = adjust ?? (options => options);
        _loggers = LoggerFactory.Create(logging => logging.AddProvider(Log));
        _members = [.. Enumerable.Range(1, count).Select(i => new MemberId((ulong)i))];
        foreach (var member in _members)
        {
            Disks[member.Value] = new MemoryDisk();
            Start(member.Value);
        }
    }

    public MemoryNetwork Network { get; } = new();
    public RecordedLog Log { get; } = new();
    public SortedDictionary<ulong, MemoryDisk> Disks { get; } = [];
    public SortedDictionary<ulong, JournalMachine> Machines { get; } = [];
    public ReplicatedLog this[ulong id] => _running[id];
    public IEnumerable<ReplicatedLog> Running => _running.Values;

    public void Start(ulong id, Func<ReplicatedLogOptions, ReplicatedLogOptions>? further = null)
    {
        var options = (further ?? (o => o))(_adjust(new ReplicatedLogOptions
        {
            Self = new MemberId(id),
            InitialMembership = Membership.Of(_members),
            TickMs = 10,
            ReadTimeoutMs = 5_000
        }));
        Machines[id] = new JournalMachine();
        _running[id] = ReplicatedLog.Start(options, new MemoryWal(Disks[id]), Disks[id], Network.Join(new MemberId(id), Disks[id]),
            Machines[id], _loggers.CreateLogger<ReplicatedLog>());
    }

    /// <summary>One that belongs to nothing yet: it knows no voters.</summary>
    public void Join(ulong id)
    {
        Disks[id] = new MemoryDisk();
        Start(id, options => options with { InitialMembership = Membership.Of() });
    }

    /// <summary>As if its power were cut: no handing over, and what is not synced is lost.</summary>
    public async Task KillAsync(ulong id)
    {
        Network.Isolate(new MemberId(id));
        var log = _running[id];
        _running.Remove(id);
        await log.DisposeAsync();
        Network.Heal();
    }

    public async Task<ReplicatedLog> LeaderAsync()
    {
        ReplicatedLog? leader = null;
        await Until(() => (leader = _running.Values.FirstOrDefault(log => log.Status.Role == ReplicaRole.Leader
            && log.Status.CommitIndex > 0)) is not null);
        return leader!;
    }

    /// <summary>Proposes until it is committed, wherever the leader is, always under the same id.</summary>
    public async Task<ProposeResult> CommitAsync(ProposalId id, string command)
    {
        var deadline = DateTime.UtcNow.AddSeconds(30);
        while (true)
        {
            var leader = await LeaderAsync();
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2));
            var result = await leader.ProposeAsync(id, Encoding.UTF8.GetBytes(command), patience.Token);
            if (result.Outcome == Outcome.Committed) return result;
            Assert.True(DateTime.UtcNow < deadline, $"never committed: {result}");
            await Task.Delay(5);
        }
    }

    public static async Task Until(Func<bool> condition)
    {
        var deadline = DateTime.UtcNow.AddSeconds(30);
        while (!condition())
        {
            Assert.True(DateTime.UtcNow < deadline, "a condition was not met within 30 s");
            await Task.Delay(2);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var log in _running.Values) await log.DisposeAsync();
    }
}
