using Grpc.Core;
using VideoScale.ControlPlane.Tests.HostTests;
using VideoScale.Harness;
using VideoScale.Harness.Signalling;
using VideoScale.V1;

namespace VideoScale.ControlPlane.Tests.Observability;

public sealed class MetricNameTests
{
    [Fact]
    public async Task What_the_pages_call_a_figure_is_what_metrics_call_it()
    {
        await using var replica = await FakeReplica.StartAsync();
        using var http = new HttpClient();
        var metrics = $"http://127.0.0.1:{replica.Options.HttpPort}/metrics";
        await http.GetStringAsync(metrics); // from the first reading on, all that happens is counted
        var stranger = new Metadata { { "authorization", "Bearer nobodys" } };
        // what never happened has no figure
        await Assert.ThrowsAsync<RpcException>(async () => await replica.Rooms.ListRoomsAsync(new ListRoomsRequest(), stranger));
        using (var delete = new HttpRequestMessage(HttpMethod.Post,
            $"http://127.0.0.1:{replica.Options.HttpPort}/twirp/livekit.RoomService/DeleteRoom"))
        {
            delete.Content = new StringContent("""{"room":"nobodys"}""", System.Text.Encoding.UTF8, "application/json");
            delete.Headers.Authorization = new("Bearer", SignalClient.Token("nobodys", "backend", grant => grant["roomCreate"] = true));
            using var refused = await http.SendAsync(delete);
            Assert.Equal(System.Net.HttpStatusCode.NotFound, refused.StatusCode);
        }
        var exported = await http.GetStringAsync(metrics);
        var names = Figures.ExportedBy(exported);
        Assert.True(names.Count > 20, exported);
        Assert.DoesNotContain(names, name => name.LastIndexOf("videoscale", StringComparison.Ordinal) > 0);
        // Of a replica: a media node's own figures are tried with it; certificates, webhooks and the export have some where there are such.
        var documented = Repository.Files("docs", "*.md")
            .SelectMany(Figures.DocumentedBy)
            .Where(name => !name.StartsWith("videoscale_media_", StringComparison.Ordinal)
                && !name.StartsWith("videoscale_certificate_", StringComparison.Ordinal)
                && !name.StartsWith("videoscale_webhook_", StringComparison.Ordinal)
                && !name.StartsWith("videoscale_export_", StringComparison.Ordinal)).Distinct().ToList();
        Assert.True(documented.Count > 10, "the pages name figures");
        Assert.Empty(documented.Except(names));
    }
}
