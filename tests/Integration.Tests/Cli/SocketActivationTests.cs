using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using VideoScale.Rpc;
using VideoScale.TestKit.Processes;

namespace VideoScale.Integration.Tests.Cli;

/// <summary>A replica whose HTTP socket outlives it, as systemd keeps it.</summary>
public sealed class SocketActivationTests
{
    private const int BasePort = 25_560;

    /// <summary>What systemd does: the socket is descriptor 3, and the environment says whose it is.</summary>
    private const string Activate = "exec 3<&\"$1\"; shift; LISTEN_FDS=1 LISTEN_FDNAMES=http LISTEN_PID=$$ exec \"$@\"";

    [Fact]
    public async Task Who_connects_while_a_replica_is_down_is_served_by_its_next_start_whether_it_was_killed_or_stopped()
    {
        await using var cluster = await TestCluster.CreateAsync(replicas: 1, media: 0, BasePort);
        var replica = cluster.Replicas[0];
        using var socket = new KeptSocket(IPEndPoint.Parse(replica.HttpAddress));
        foreach (var end in (Action<Process>[])[process => process.Kill(), Terminate, Terminate])
        {
            using var early = new TcpClient();
            await early.ConnectAsync(IPEndPoint.Parse(replica.HttpAddress)); // nobody serves it yet
            await early.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"GET /healthz HTTP/1.1\r\nHost: {replica.HttpAddress}\r\nConnection: close\r\n\r\n"));
            using var process = socket.HandTo(() => Process.Start(new ProcessStartInfo("bash",
            [
                "-c", Activate, "activate", $"{socket.Descriptor}", CliProcess.ExecutablePath, "control", "--dev", "--data", replica.DataDirectory,
                "--http-port", "1", "--grpc-port", $"{BasePort + 100}", "--raft-port", $"{BasePort + 200}",
            ])
            { RedirectStandardError = true })!);
            process.ErrorDataReceived += (_, _) => { };
            process.BeginErrorReadLine();
            try
            {
                using var answer = new StreamReader(early.GetStream());
                Assert.StartsWith("HTTP/1.1 200", await answer.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(60)), StringComparison.Ordinal);
                end(process);
                await process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
            }
            finally { process.Kill(); }
        }
    }

    private static void Terminate(Process process)
    {
        using var kill = Process.Start("kill", ["-TERM", $"{process.Id}"]);
        kill.WaitForExit();
    }
}
