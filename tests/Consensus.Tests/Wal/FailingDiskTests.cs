using System.Diagnostics;
using System.Net;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using VideoScale.Consensus;
using VideoScale.Consensus.Apply.Directories;
using VideoScale.Consensus.Apply.Snapshots;
using VideoScale.Consensus.Contract;
using VideoScale.Consensus.Core;
using VideoScale.Consensus.Engine.Driver;
using VideoScale.Consensus.Engine.Transport;
using VideoScale.Consensus.Engine.Wal;
using VideoScale.Consensus.Tests.Driver;
using VideoScale.Harness.Disks;

namespace VideoScale.Consensus.Tests.Wal;

/// <summary>A replica in a process of its own, over a disk whose fdatasync fails after some calls (a preload library does that).</summary>
public sealed class A_replica_whose_disk_fails
{
    private const int Errno_EIO = 5;
    private const int Errno_ENOSPC = 28;

    [Theory]
    [InlineData(Errno_EIO, "Input/output error")]
    [InlineData(Errno_ENOSPC, "the disk is full")]
    public async Task Ends_without_acknowledging_what_did_not_reach_it(int errno, string why)
    {
        using var directory = new TemporaryDirectory();
        var shim = await FailingSync.CompileAsync(directory.Path);
        var data = Path.Combine(directory.Path, "data");
        const int GoodSyncs = 25;
        var (exit, lines, error) = await RunChild(data, shim, GoodSyncs, errno);
        Assert.Equal(FailingDiskChild.FatalExit, exit);
        Assert.Contains("fdatasync", error, StringComparison.Ordinal);
        Assert.Contains(why, error, StringComparison.Ordinal);
        Assert.Equal("fatal", lines[^1]); // nothing was acknowledged after it
        var acknowledged = lines.Count(line => line.StartsWith("ack ", StringComparison.Ordinal));
        Assert.InRange(acknowledged, 1, GoodSyncs - 1); // each commit took a sync of its own that went well
        using var opened = DataDirectory.Open(data);
        await using var log = new WriteAheadLog(opened, TestLog.Small);
        var kept = log.Load().Entries.Where(e => e.Kind == EntryKind.Command).Select(e => Encoding.UTF8.GetString(e.Payload.Span))
            .ToArray();
        Assert.Equal(Enumerable.Range(1, acknowledged).Select(i => $"command {i}"), kept.Take(acknowledged));
    }

    [Fact]
    public async Task A_good_disk_under_the_same_shim_goes_on()
    {
        using var directory = new TemporaryDirectory();
        var shim = await FailingSync.CompileAsync(directory.Path);
        var (exit, lines, _) = await RunChild(Path.Combine(directory.Path, "data"), shim, int.MaxValue, Errno_EIO);
        Assert.Equal(0, exit);
        Assert.Equal(FailingDiskChild.Commits, lines.Count(line => line.StartsWith("ack ", StringComparison.Ordinal)));
    }

    private static async Task<(int Exit, string[] Lines, string Error)> RunChild(string data, string shim, int goodSyncs, int errno)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(typeof(A_replica_whose_disk_fails).Assembly.Location);
        start.ArgumentList.Add("commit-one-after-the-other");
        start.ArgumentList.Add(data);
        foreach (var (name, value) in FailingSync.Environment(shim, goodSyncs, errno)) start.Environment[name] = value;
        using var child = Process.Start(start)!;
        var error = child.StandardError.ReadToEndAsync();
        var output = await child.StandardOutput.ReadToEndAsync();
        await child.WaitForExitAsync();
        return (child.ExitCode, output.Split('\n', StringSplitOptions.RemoveEmptyEntries), await error);
    }
}

internal static class FailingDiskChild
{
    internal const int FatalExit = 3;
    internal const int Commits = 60;

    internal static int Run(string path)
    {
        using var directory = DataDirectory.Open(path);
        var self = directory.Member;
        var snapshots = new SnapshotStore(directory);
        var transport = new TcpTransport(new TransportOptions
        {
            ClusterId = directory.ClusterId,
            Self = self,
            Listen = new IPEndPoint(IPAddress.Loopback, 0),
        },
            snapshots, new Dictionary<MemberId, EndPoint>(), NullLogger<TcpTransport>.Instance);
        var wal = new WriteAheadLog(directory, TestLog.Small with { SpareSegments = 0 });
        var log = ReplicatedLog.Start(new ReplicatedLogOptions { Self = self, InitialMembership = Membership.Of(self), TickMs = 10 },
            wal, snapshots, transport, new JournalMachine(), NullLogger.Instance);
        return CommitAsync(log).GetAwaiter().GetResult();
    }

    private static async Task<int> CommitAsync(ReplicatedLog log)
    {
        while (log.Status.Role != ReplicaRole.Leader && !log.Fatal.IsCompleted) await Task.Delay(5);
        for (var i = 1; i <= Commits; i++)
        {
            var result = await log.ProposeAsync(new ProposalId(1, (ulong)i), Encoding.UTF8.GetBytes($"command {i}"),
                CancellationToken.None);
            if (result.Outcome == Outcome.Committed)
            {
                await Console.Out.WriteLineAsync($"ack {i}");
                continue;
            }
            var cause = await log.Fatal.WaitAsync(TimeSpan.FromSeconds(30));
            await Console.Out.WriteLineAsync("fatal");
            await Console.Error.WriteLineAsync(cause.Message);
            return FatalExit;
        }
        return 0;
    }
}
