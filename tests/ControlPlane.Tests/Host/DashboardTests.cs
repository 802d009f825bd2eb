using System.Text.Json;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Nodes;
using VideoScale.ControlPlane.Tests.Core;
using VideoScale.V1;

namespace VideoScale.ControlPlane.Tests.HostTests;

public sealed class DashboardTests
{
    [Fact]
    public async Task Headroom_on_the_page_is_what_placement_goes_by()
    {
        await using var replica = await FakeReplica.StartAsync();
        var (parts, node) = (replica.App.Replica.Core, Bed.Describe("media-0"));
        await parts.Pipeline.SubmitAsync(
            new(new NodeCommand.Register(node), new Commands.Actor("media-0", ActorKind.Node, ActorAuthMethod.Token)),
            CancellationToken.None);
        Assert.Equal(1.0, await HeadroomAsync(replica));
        parts.Fleet.Measured(node.Node, node.Incarnation, new Load { CpuPermille = 900 }, leaving: false); // no room goes there any more
        Assert.Equal(0.1, await HeadroomAsync(replica));
    }

    private static async Task<double> HeadroomAsync(FakeReplica replica)
    {
        using var client = new HttpClient();
        using var state = JsonDocument.Parse(await client.GetStringAsync($"http://127.0.0.1:{replica.Options.HttpPort}/page/state"));
        return Assert.Single(state.RootElement.GetProperty("nodes").EnumerateArray()).GetProperty("headroom").GetDouble();
    }
}
