using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using VideoScale.Harness.Links;
using VideoScale.Harness.Processes;
using VideoScale.Rpc;

namespace VideoScale.Contracts.Tests.Rpc;

/// <summary>A flood of connections is closed at the cap: those that stand go on, and places come back.</summary>
public sealed class ConnectionLimitTests
{
    [Fact]
    public async Task Connections_beyond_the_cap_are_closed_and_what_stands_goes_on()
    {
        await using var host = await ProbeHost.StartAsync(ProbeHost.WithTokens(options => options.MaxConnections = 40));
        var limits = (ConnectionLimits)host.Services.GetService(typeof(ConnectionLimits))!;
        var client = host.Client(ProbeHost.ViewerToken);
        await client.ReadAsync(new ProbeRequest());
        using var flood = new IdleConnections();
        await flood.OpenAsync(host.Address, 200);
        await Eventually.HoldsAsync(() => limits.Refused >= 200 - (limits.MostOfOne - 1) && flood.Closed == limits.Refused,
            "those beyond the cap are closed", details: () => $"{limits.Open} open, {limits.Refused} refused");
        Assert.Equal(30, limits.MostOfOne);
        Assert.Equal(30, limits.Open);
        await client.ReadAsync(new ProbeRequest());
        Assert.InRange(host.Log.Of(3703).Count(), 1, 2);

        flood.Dispose();
        await Eventually.HoldsAsync(() => limits.Open == 1, "places come back", details: () => $"{limits.Open} open");
        await host.Client(ProbeHost.ViewerToken).ReadAsync(new ProbeRequest());
    }

    /// <summary>An accepted socket that breaks before it is a connection takes no place with it.</summary>
    [Fact]
    public void A_socket_that_ends_while_it_is_let_in_gives_its_place_back()
    {
        var limits = new ConnectionLimits(10, new ConnectionBudget(1_024));
        using var factory = new SocketConnectionContextFactory(new SocketConnectionFactoryOptions(), NullLogger.Instance);
        var gone = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        gone.Dispose();
        for (var i = 0; i < 20; i++)
            Assert.Null(CappedListenerFactory.Enter(gone, limits.TryEnter(new IPEndPoint(IPAddress.Loopback, 1))!, factory));
        Assert.Equal(0, limits.Open);
        Assert.Equal(0, limits.Budget.Open);
    }

    [Fact]
    public void The_budget_leaves_descriptors_for_everything_else()
    {
        foreach (var descriptors in (long[])[1, 256, 512, 1_024, 65_536, 1 << 20])
        {
            var budget = new ConnectionBudget(descriptors);
            Assert.True(budget.Most + budget.Reserved <= descriptors || budget.Most == 0, $"{descriptors} descriptors");
            if (descriptors < ConnectionBudget.LeastDescriptors)
                Assert.Contains($"{descriptors}", Assert.Throws<StartupException>(budget.RequireEnough).Message, StringComparison.Ordinal);
            else budget.RequireEnough();
            var limits = new ConnectionLimits(20_000, budget);
            var http = new IPEndPoint(IPAddress.Loopback, 1);
            var grpc = new IPEndPoint(IPAddress.Loopback, 2);
            if (descriptors > 1 << 16) continue;
            while (limits.TryEnter(http) is not null) { }
            if (budget.Most > 4) Assert.NotNull(limits.TryEnter(grpc)); // a flood of one port leaves room on the other
            while (limits.TryEnter(grpc) is not null) { }
            Assert.Equal(limits.Most, limits.Open);
            Assert.Equal(limits.Open, budget.Open);
        }
    }

    [Fact]
    public void The_limit_of_this_process_is_read() =>
        Assert.InRange(ConnectionBudget.OfProcess.Descriptors, ConnectionBudget.LeastDescriptors, 1 << 20);
}
