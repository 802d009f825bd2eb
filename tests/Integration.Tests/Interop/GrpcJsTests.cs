using System.Diagnostics;
using VideoScale.Harness;
using VideoScale.Harness.Processes;

namespace VideoScale.Integration.Tests.Interop;

/// <summary>
/// The stock gRPC client of another language, knowing nothing but the .proto files, drives every service of a real cluster.
/// </summary>
public sealed class GrpcJsTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    [Fact]
    public async Task A_grpc_js_client_drives_every_service()
    {
        await using var cluster = await TestCluster.StartAsync(replicas: 3, media: 2, basePort: 26000);
        var start = new ProcessStartInfo("node")
        {
            ArgumentList =
            {
                Repository.Path("tests", "Interop", "drive.js"),
                "--control", string.Join(',', cluster.Replicas.Select(r => r.GrpcAddress)),
                "--media", string.Join(',', cluster.Media.Select(m => m.GrpcAddress)),
            },
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var node = Process.Start(start)!;
        var output = node.StandardOutput.ReadToEndAsync();
        var errors = node.StandardError.ReadToEndAsync();
        try { await node.WaitForExitAsync().WaitAsync(Limit); }
        catch (TimeoutException) { node.Kill(); }
        var lines = (await output).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.True(node.ExitCode == 0,
            string.Join('\n', lines.Where(l => !l.StartsWith("PASS", StringComparison.Ordinal))) + await errors);
        Assert.Matches(@"^\d\d+ passed, 0 failed$", lines[^1]);
    }
}
