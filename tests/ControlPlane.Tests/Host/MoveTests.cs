using Grpc.Core;
using VideoScale.Consensus.Engine;
using VideoScale.ControlPlane.Host.Members;
using VideoScale.Harness.Processes;
using VideoScale.Rpc;
using VideoScale.V1;

namespace VideoScale.ControlPlane.Tests.HostTests;

/// <summary>
/// A sealed log, and which directories may go on after it: here with a new log of the same engine, which undoes the seal.
/// </summary>
public sealed class MoveTests
{
    private static readonly RaftEngine Native = new(tls: null);

    [Fact]
    public async Task A_directory_moves_once_its_snapshot_is_of_the_sealed_state_and_goes_on_from_it()
    {
        await using var cluster = await TestCluster.StartAsync(1);
        var (directory, clusters) = (cluster.DirectoryOf(0), cluster.Clusters(0));
        await CreateAsync(cluster, "before");
        await clusters.CreateSnapshotAsync(new CreateSnapshotRequest());
        await cluster.StopAsync(0);
        Refused(directory, "not of a sealed log", "ctl cluster seal");
        await cluster.StartAsync_(0);
        await cluster.WaitReadyAsync();

        var sealedAt = (await clusters.SealLogAsync(new SealLogRequest { RequestId = "s", Engine = "native" })).Commit.LogIndex;
        var refused = await Assert.ThrowsAsync<RpcException>(() => CreateAsync(cluster, "late"));
        Assert.Equal(StatusCode.Unavailable, refused.StatusCode);
        Assert.Contains($"sealed at entry {sealedAt}", refused.Status.Detail, StringComparison.Ordinal);
        await Eventually.HoldsAsync(async () => (await clusters.GetStatusAsync(new GetStatusRequest())).ReadyToMove, "it is ready");
        var status = await clusters.GetStatusAsync(new GetStatusRequest());
        Assert.Equal((sealedAt, "native", 0u), (status.SealedIndex, status.SealedFor, status.Generation));
        await cluster.StopAsync(0);
        await cluster.StartAsync_(0); // a restart changes nothing of it
        await cluster.WaitReadyAsync();
        await Assert.ThrowsAsync<RpcException>(() => CreateAsync(cluster, "late"));
        await cluster.StopAsync(0);

        var recovered = Assert.Throws<StartupException>(() => OfflineRecovery.Recover(directory, Native));
        Assert.Contains("control migrate", recovered.Message, StringComparison.Ordinal);
        var events = Directory.GetFiles(Path.Combine(directory, "events"), "*.seg").Single();
        var whole = await File.ReadAllBytesAsync(events);
        await File.WriteAllBytesAsync(events, whole[..^40]); // its last events never came to the disk
        Refused(directory, "its event log ends at event", "stop it in peace");
        await File.WriteAllBytesAsync(events, whole);
        Assert.Equal(sealedAt, OfflineMove.Inspect(directory, Native, Native, instead: false).Seal.Index);
        Assert.False(OfflineMove.Move(directory, Native, Native, instead: false).IsDone);
        Assert.True(OfflineMove.Move(directory, Native, Native, instead: false).IsDone);

        await cluster.StartAsync_(0);
        await cluster.WaitReadyAsync();
        await Eventually.HoldsAsync(async () => (await clusters.GetStatusAsync(new GetStatusRequest())).SealedIndex == 0, "it goes on");
        await CreateAsync(cluster, "late"); // the same request, which was refused before
        var after = await clusters.GetStatusAsync(new GetStatusRequest());
        Assert.Equal(1u, after.Generation);
        Assert.True(after.AppliedIndex > sealedAt && after.Term > status.Term && after.EventSeq > status.EventSeq);
        var rooms = await cluster.Rooms(0).ListRoomsAsync(new ListRoomsRequest());
        Assert.Equal(["before", "late"], rooms.Rooms.Select(room => room.RoomId));
        await Eventually.HoldsAsync(async () => (await clusters.GetStatusAsync(new GetStatusRequest())).SnapshotIndex > sealedAt,
            "its newest snapshot is of the log that goes on");
        await cluster.StopAsync(0);
        Refused(directory, "not of a sealed log");
    }

    [Fact]
    public async Task While_the_log_is_sealed_a_media_node_keeps_its_leases_and_what_it_reports_waits()
    {
        await using var cluster = await TestCluster.StartAsync(1);
        await using var agent = (await ScriptedAgent.AttachAsync(cluster, ScriptedAgent.Hello("media-1", 11))).KeepBeating();
        await CreateAsync(cluster, "call");
        var epoch = (await cluster.Rooms(0).GetRoomAsync(new GetRoomRequest { RoomId = "call" })).Room.Epoch;
        var admitted = await cluster.Rooms(0).AdmitParticipantAsync(new AdmitParticipantRequest
        {
            RequestId = "ann",
            RoomId = "call",
            Identity = "ann",
        });
        await cluster.Clusters(0).SealLogAsync(new SealLogRequest { RequestId = "s", Engine = "native" });
        await agent.JoinedAsync("call", epoch, "ann", admitted.Participant.SeatId);
        var acknowledged = agent.Acks.Count();
        await Eventually.HoldsAsync(() => agent.Acks.Count() > acknowledged + 5, "heartbeats are acknowledged");
        Assert.Null(agent.Ended);
        Assert.DoesNotContain(agent.Acks, ack => ack.ReportsDone > 0); // it would be forgotten by the node, and is not in the log
    }

    private static async Task CreateAsync(TestCluster cluster, string room) =>
        await cluster.Rooms(0).CreateRoomAsync(new CreateRoomRequest { RequestId = room, RoomId = room, KeepWhenEmpty = true });

    private static void Refused(string directory, params ReadOnlySpan<string> words)
    {
        var refused = Assert.Throws<StartupException>(() => OfflineMove.Move(directory, Native, Native, instead: false));
        foreach (var word in words) Assert.Contains(word, refused.Message, StringComparison.Ordinal);
    }
}
