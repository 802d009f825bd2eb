using System.Net;
using System.Net.Sockets;
using Grpc.Core;
using Microsoft.Extensions.Logging.Abstractions;
using VideoScale.Consensus;
using VideoScale.ControlPlane.Host.Hosting;
using VideoScale.ControlPlane.Host.Serving;
using VideoScale.V1;

namespace VideoScale.ControlPlane.Tests.HostTests;

/// <summary>A replica that is told to stop does so cleanly, whatever it is in the middle of, and says why to whoever listens.</summary>
public sealed class StoppingTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_loop_that_throws_because_it_is_stopped_does_not_make_a_crash_of_the_stop(bool asCallsDo)
    {
        var fatal = new FatalStop(new ServingGate(), "1", endsProcess: false, static _ => { });
        var background = new Background(fatal, NullLogger<Background>.Instance);
        background.Run(async cancellation =>
        {
            await Task.Delay(Timeout.Infinite, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw asCallsDo ? new RpcException(new Status(StatusCode.Cancelled, "")) : new InvalidOperationException("half done");
        });
        await background.DisposeAsync();
        Assert.False(fatal.Cause.IsCompleted);
    }

    [Fact]
    public async Task A_loop_that_breaks_stops_the_replica_for_ever()
    {
        var fatal = new FatalStop(new ServingGate(), "1", endsProcess: false, static _ => { });
        await using var background = new Background(fatal, NullLogger<Background>.Instance);
        background.Run(static _ => throw new RpcException(new Status(StatusCode.Cancelled, "by the other side")));
        Assert.IsType<RpcException>(await fatal.Cause.WaitAsync(TimeSpan.FromSeconds(60)));
    }

    [Fact]
    public async Task A_replica_stops_while_another_does_not_answer_what_it_asked()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var replica = await FakeReplica.StartAsync(peerGrpcAddress: silent.LocalEndpoint.ToString());
        var changed = await replica.Log.ChangeMembershipAsync(new MembershipChange([replica.Log.Status.Self], [replica.Peer]),
            replica.Log.Status.MembershipIndex, CancellationToken.None);
        Assert.Equal(Outcome.Committed, changed.Outcome);
        await Eventually.HoldsAsync(silent.Pending, "it asks the member that is silent");
        await replica.DisposeAsync();
    }

    [Fact]
    public async Task A_subscriber_that_reads_slowly_hears_why_its_stream_ended()
    {
        await using var replica = await FakeReplica.StartAsync();
        for (var i = 0; i < 64; i++) // more than all buffers between them hold
            await replica.Rooms.CreateRoomAsync(new CreateRoomRequest
            {
                RequestId = $"{i}",
                RoomId = $"room-{i}",
                Metadata = Google.Protobuf.ByteString.CopyFrom(new byte[16_384]),
            });
        using var events = new AuditService.AuditServiceClient(replica.Channel).Subscribe(new SubscribeRequest { FromSeq = 1 });
        await events.ResponseHeadersAsync;
        Assert.True(await events.ResponseStream.MoveNext(CancellationToken.None)); // a write follows that nobody takes
        replica.App.Replica.EndStreams();
        var ended = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            while (await events.ResponseStream.MoveNext(CancellationToken.None)) { }
        });
        Assert.Equal(StatusCode.Unavailable, ended.StatusCode);
        Assert.Contains("this replica is stopping", ended.Status.Detail, StringComparison.Ordinal);
    }
}
