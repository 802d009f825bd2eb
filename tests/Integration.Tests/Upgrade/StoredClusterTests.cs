using System.Formats.Tar;
using System.IO.Compression;
using VideoScale.Harness;
using VideoScale.Harness.Clocks;
using VideoScale.Harness.Processes;
using VideoScale.V1;

namespace VideoScale.Integration.Tests.Upgrade;

/// <summary>
/// A stopped cluster of three whose directories a former version wrote, under mutations and one kill of its leader. What that version said
/// of it stands below; every later one must say the same, and go on from there.
/// </summary>
public sealed class StoredClusterTests : IDisposable
{
    private const int FirstPort = 21_900; // as the members stand in the stored membership
    private const ulong Events = 1_916;
    /// <summary>Half an hour after its last entry: answers are kept for a day.</summary>
    private static readonly DateTimeOffset Stopped = new(2026, 11, 28, 4, 0, 0, TimeSpan.Zero);
    private const string StateHash = "9394d08ab68ad53b7d88b08ed07fa2ae";
    private const string ChainHead = "2524e62bb1ae415d146fd92495ef696c9ba2401cac9e2e4d1dbb60044007b1a1";
    private const string MerkleRoot = "cedb97624653a704c452435fd01acbf49c791cc11108a95976dadf37fb5801f1";

    private readonly string _root = Directory.CreateTempSubdirectory("videoscale-stored-").FullName;

    public StoredClusterTests()
    {
        using var stored = File.OpenRead(Repository.Path("tests", "Integration.Tests", "Upgrade", "cluster-2026-11.tar.gz"));
        using var plain = new GZipStream(stored, CompressionMode.Decompress);
        TarFile.ExtractToDirectory(plain, _root, overwriteFiles: false);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Its_log_replays_and_verifies_as_the_version_that_wrote_it_said(int replica)
    {
        var data = Path.Combine(_root, $"replica-{replica}");
        var replay = await CliProcess.RunAsync(["audit", "replay", "--data", data, "--assert-hash", StateHash]);
        Assert.True(replay.ExitCode == 0, replay.Output + replay.Errors);
        Assert.Contains(ChainHead, replay.Output, StringComparison.Ordinal);
        var verify = await CliProcess.RunAsync(["audit", "verify", "--data", data]);
        Assert.True(verify.ExitCode == 0, verify.Output + verify.Errors);
        Assert.Contains($"ok: {Events} events (#1 to #{Events}) and 1 checkpoint agree", verify.Output, StringComparison.Ordinal);
        Assert.Contains(MerkleRoot, verify.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_starts_and_goes_on_where_it_ended()
    {
        await using var cluster = TestCluster.Of(_root,
            [.. Enumerable.Range(0, 3).Select(i => new ReplicaProcess(i, Path.Combine(_root, $"replica-{i + 1}"),
                httpPort: FirstPort + 3 * i + 2, grpcPort: FirstPort + 3 * i + 1, raftPort: FirstPort + 3 * i))]);
        var clocks = new List<ShiftedClock>();
        foreach (var replica in cluster.Replicas)
        {
            clocks.Add(await ShiftedClock.AttachAsync(replica, _root));
            clocks[^1].Off = Stopped - DateTimeOffset.UtcNow;
        }
        cluster.Start();
        await cluster.WaitForReadyAsync();
        var leader = await cluster.WaitForLeaderAsync();
        var before = (await cluster.Audit(leader).StateAtAsync(new StateAtRequest { EventSeq = Events })).StateHash;
        Assert.Equal(StateHash, Convert.ToHexStringLower(before.Span));
        var answered = new CreateRoomRequest { RequestId = "after-kill-0", RoomId = "after-kill-0", KeepWhenEmpty = true };
        var created = new CreateRoomRequest { RequestId = "after-the-upgrade", RoomId = "after-the-upgrade", KeepWhenEmpty = true };
        foreach (var replica in cluster.Replicas)
        {
            // What the former version did is not done again, and the answer it gave is given again.
            var kept = await cluster.Rooms(replica).CreateRoomAsync(answered);
            Assert.InRange(kept.Commit.EventSeq, 1UL, Events);
            Assert.True((await cluster.Rooms(replica).CreateRoomAsync(created)).Commit.EventSeq > Events);
            var verified = await cluster.Audit(replica).VerifyAsync(new VerifyRequest());
            Assert.True(verified.Ok, verified.Problem);
            Assert.True(verified.Events > Events);
        }
        foreach (var clock in clocks) clock.Dispose(); // mapped by their processes still
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);
}
