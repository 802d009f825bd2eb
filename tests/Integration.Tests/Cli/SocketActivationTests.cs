using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using VideoScale.Harness.Processes;
using VideoScale.Rpc;

namespace VideoScale.Integration.Tests.Cli;

/// <summary>A replica whose HTTP socket outlives it, as systemd keeps it.</summary>
public sealed class SocketActivationTests
{
    private const int BasePort = 25_560;

    /// <summary>What systemd does: the socket is descriptor 3, and the environment says whose it is.</summary>
    private const string Activate = "exec 3<&\"$1\"; shift; LISTEN_FDS=1 LISTEN_PID=$$ exec \"$@\"";

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
            await early.GetStream()
                .WriteAsync(Encoding.ASCII.GetBytes($"GET /healthz HTTP/1.1\r\nHost: {replica.HttpAddress}\r\nConnection: close\r\n\r\n"));
            using var process = Start(socket, "http", "control", "--dev", "--data", replica.DataDirectory, "--http-port", "1",
                "--grpc-port", $"{BasePort + 100}", "--raft-port", $"{BasePort + 200}");
            process.ErrorDataReceived += (_, _) => { };
            process.BeginErrorReadLine();
            try
            {
                using var answer = new StreamReader(early.GetStream());
                Assert.StartsWith("HTTP/1.1 200", await answer.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(60)),
                    StringComparison.Ordinal);
                end(process);
                await process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
            }
            finally { process.Kill(); }
        }
    }

    /// <summary>What a port of the settings may not do, a socket that is handed over may not do either.</summary>
    [Fact]
    public async Task A_grpc_socket_beyond_loopback_needs_certificates_and_development_mode_loopback()
    {
        var directory = Directory.CreateTempSubdirectory("videoscale-sockets-");
        try
        {
            var tokens = Path.Combine(directory.FullName, "tokens.json");
            await File.WriteAllTextAsync(tokens,
                """[{ "subject": "anna", "role": "admin", "token": "0123456789abcdef0123456789abcdef" }]""");
            using var socket = new KeptSocket(new IPEndPoint(IPAddress.Any, BasePort + 1));
            foreach (var (name, arguments, why) in new (string, string[], string)[]
            {
                ("grpc", ["--tokens", tokens], "beyond loopback gRPC needs certificates"),
                ("grpc", ["--dev"], "development mode"),
                ("http", ["--dev"], "development mode"),
            })
            {
                using var process = Start(socket, name, ["control", "--data", Path.Combine(directory.FullName, "none"), .. arguments]);
                var said = await process.StandardError.ReadToEndAsync().WaitAsync(TimeSpan.FromSeconds(60));
                await process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
                Assert.Contains(why, said, StringComparison.Ordinal);
                Assert.Equal(78, process.ExitCode);
            }
        }
        finally { directory.Delete(recursive: true); }
    }

    private static Process Start(KeptSocket socket, string name, params string[] arguments) => socket.HandTo(() => Process.Start(
        new ProcessStartInfo("bash", ["-c", Activate, "activate", $"{socket.Descriptor}", CliProcess.ExecutablePath, .. arguments])
        { RedirectStandardError = true, Environment = { ["LISTEN_FDNAMES"] = name } })!);

    private static void Terminate(Process process)
    {
        using var kill = Process.Start("kill", ["-TERM", $"{process.Id}"]);
        kill.WaitForExit();
    }
}
