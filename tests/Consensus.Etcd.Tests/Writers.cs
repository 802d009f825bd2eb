using System.Collections.Concurrent;
using System.Text;
using VideoScale.Consensus.Contract;
using VideoScale.Harness.Processes;

namespace VideoScale.Consensus.Etcd.Tests;

/// <summary>
/// Writers that go on whatever happens: each repeats a command under its id until it is acknowledged. Afterwards all that was acknowledged
/// must be there, everywhere, once.
/// </summary>
internal sealed class Writers(Replicas replicas, int count = 4)
{
    private readonly ConcurrentQueue<string> _acknowledged = new();
    private volatile bool _stopping;
    private Task _running = Task.CompletedTask;
    private static ulong _sessions = 50_000;

    internal int Acknowledged => _acknowledged.Count;

    internal Writers Start()
    {
        _running = Task.WhenAll(Enumerable.Range(0, count).Select(_ => Task.Run(WriteAsync)));
        return this;
    }

    internal Task MoreAsync(int writes)
    {
        var before = Acknowledged;
        return Eventually.HoldsAsync(() => Acknowledged >= before + writes, $"{writes} more writes are acknowledged",
            details: () => string.Join("; ", replicas.All.Select(r =>
                $"{r.Log.Status.Self} {r.Log.Status.Role} {string.Join(',', r.Log.Status.Notices)} "
                    + $"{(r.Log.Fatal.IsCompleted ? r.Log.Fatal.Result : "")}")));
    }

    internal async Task StopAndCheckAsync()
    {
        _stopping = true;
        await _running;
        var acknowledged = _acknowledged.ToArray();
        var longest = Array.Empty<string>();
        await Eventually.HoldsAsync(() =>
        {
            var all = replicas.All.Select(r => r.Machine.Commands).ToArray();
            longest = all.MaxBy(commands => commands.Length)!;
            return all.All(commands => commands.Length == longest.Length) && acknowledged.All(new HashSet<string>(longest).Contains);
        }, "all that was acknowledged is applied everywhere");
        foreach (var (_, machine) in replicas.All) Assert.Equal(longest, machine.Commands);
        Assert.Equal(longest.Length, longest.Distinct().Count()); // nothing twice
    }

    private async Task WriteAsync()
    {
        var session = Interlocked.Increment(ref _sessions);
        for (var sequence = 1UL; !_stopping; sequence++)
        {
            var command = $"{session}.{sequence}";
            while (true)
            {
                if (replicas.All.Select(r => r.Log).FirstOrDefault(log => log.Status.Role == ReplicaRole.Leader) is { } leader)
                {
                    var result = await leader.ProposeAsync(new ProposalId(session, sequence), Encoding.UTF8.GetBytes(command),
                        CancellationToken.None);
                    if (result.Outcome == Outcome.Committed)
                    {
                        _acknowledged.Enqueue(command);
                        break;
                    }
                }
                if (_stopping) return; // its outcome stays open
                await Task.Delay(10);
            }
        }
    }
}
