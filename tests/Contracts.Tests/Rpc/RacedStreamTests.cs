using Grpc.Core;
using VideoScale.Rpc;

namespace VideoScale.Contracts.Tests.Rpc;

/// <summary>Whether one server of a race has opened a stream.</summary>
public sealed class RacedStreamTests
{
    private static readonly TimeSpan LongAfterTheHeaders = TimeSpan.FromMilliseconds(500);

    /// <summary>The reason may come later than the loss of the headers: until it has come, the stream is not open.</summary>
    [Fact]
    public async Task A_stream_that_lost_its_headers_is_not_taken_for_open()
    {
        var lost = new RpcException(new Status(StatusCode.Unavailable, "gone"));
        using var stream = new RacingStream<ProbeReply>(new AsyncServerStreamingCall<ProbeReply>(
            new Reader(() => Task.Delay(LongAfterTheHeaders).ContinueWith<bool>(_ => throw lost, TaskScheduler.Default)),
                Task.FromException<Metadata>(lost), () => lost.Status, () => [], () => { }), CancellationToken.None);
        Assert.Same(lost, await Assert.ThrowsAsync<RpcException>(() => stream.Served));
    }

    [Fact]
    public async Task A_stream_with_headers_that_says_nothing_is_open()
    {
        using var stream = new RacingStream<ProbeReply>(new AsyncServerStreamingCall<ProbeReply>(
            new Reader(() => new TaskCompletionSource<bool>().Task), Task.FromResult(new Metadata()), () => Status.DefaultSuccess, () =>
                [], () => { }), CancellationToken.None);
        await stream.Served;
    }

    private sealed class Reader(Func<Task<bool>> move) : IAsyncStreamReader<ProbeReply>
    {
        public ProbeReply Current => throw new InvalidOperationException();
        public Task<bool> MoveNext(CancellationToken cancellationToken) => move();
    }
}
