using System.Net;
using Grpc.Core;
using Grpc.Net.Client;

namespace VideoScale.Contracts.Tests.Rpc;

public sealed class ElapsedDeadlineTests
{
    /// <summary>A peer that takes the call and never answers.</summary>
    private sealed class Silent : HttpMessageHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
            throw new InvalidOperationException();
        }
    }

    [Fact]
    public async Task A_call_that_is_never_answered_ends_by_what_elapses_without_asking_any_clock()
    {
        using var handler = new HttpMessageInvoker(new VideoScale.Rpc.ElapsedDeadline(new Silent()));
        using var cancelled = new CancellationTokenSource();
        var waits = handler.SendAsync(new HttpRequestMessage(HttpMethod.Post, "http://peer/service/method"), cancelled.Token);
        using var request = new HttpRequestMessage(HttpMethod.Post, "http://peer/service/method");
        request.Headers.Add("grpc-timeout", "50m");
        using var response = await handler.SendAsync(request, CancellationToken.None);
        Assert.Equal((HttpStatusCode.OK, "4"), (response.StatusCode, Assert.Single(response.Headers.GetValues("grpc-status"))));

        using var channel = GrpcChannel.ForAddress("http://peer",
            new GrpcChannelOptions { HttpHandler = new StaleDeadline(new VideoScale.Rpc.ElapsedDeadline(new Silent())) });
        var call = new ProbeClientCall(channel);
        Assert.Equal(StatusCode.DeadlineExceeded, (await Assert.ThrowsAsync<RpcException>(call.RunAsync)).StatusCode);

        Assert.False(waits.IsCompleted); // it began before both; without a deadline there is none
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waits);
    }

    /// <summary>As if the wall clock had been set back after the call began: gRPC itself would wait for the hour.</summary>
    private sealed class StaleDeadline(HttpMessageHandler inner) : DelegatingHandler(inner)
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.Headers.Remove("grpc-timeout");
            request.Headers.Add("grpc-timeout", "50m");
            return base.SendAsync(request, cancellationToken);
        }
    }

    private sealed class ProbeClientCall(GrpcChannel channel)
    {
        private static readonly Marshaller<byte[]> Bytes = Marshallers.Create(static bytes => bytes, static bytes => bytes);
        private static readonly Method<byte[], byte[]> Method = new(MethodType.Unary, "service", "method", Bytes, Bytes);

        internal async Task RunAsync()
        {
            using var call = channel.CreateCallInvoker()
                .AsyncUnaryCall(Method, null, new CallOptions(deadline: DateTime.UtcNow.AddHours(1)), []);
            await call;
        }
    }

    [Theory]
    [InlineData("250m", 250)]
    [InlineData("3S", 3_000)]
    [InlineData("2M", 120_000)]
    [InlineData("1H", 3_600_000)]
    [InlineData("5000u", 5)]
    [InlineData("7000000n", 7)]
    public void The_header_is_read_as_gRPC_writes_it(string text, double milliseconds) =>
        Assert.Equal(milliseconds, VideoScale.Rpc.ElapsedDeadline.Parse(text)!.Value.TotalMilliseconds);

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("-5S")]
    [InlineData("5x")]
    [InlineData("99999999H")]
    public void What_it_does_not_mean_sets_no_limit(string text) => Assert.Null(VideoScale.Rpc.ElapsedDeadline.Parse(text));
}
