using VideoScale.Cli.CommandLine;
using VideoScale.Cli.Control;
using VideoScale.Cli.Processes;
using VideoScale.ControlPlane.Host.Hosting;
using VideoScale.ControlPlane.Host.Options;
using VideoScale.MediaNode.Host.Options;
using VideoScale.MediaNode.Host.Startup;
using VideoScale.Rpc;

namespace VideoScale.Cli.Up;

/// <summary><c>up --single</c>: a voter and a media node in this very process.</summary>
internal static class SingleProcess
{
    internal static async Task<int> RunAsync(DataDirectory directory, Ports ports, MediaReach reach, string engine,
        Action<ControlPlaneOptions> readFlags, ExportedTo exported, StopSignals signals)
    {
        var log = directory.Log("single");
        using var errors = new ErrorsToLog(log);
        try
        {
            var options = new ControlPlaneOptions
            {
                DataDirectory = directory.Replica(0),
                Engine = engine,
                DevelopmentMode = true,
                HttpPort = ports.ReplicaHttp(0),
                GrpcPort = ports.ReplicaGrpc(0),
                RaftPort = ports.ReplicaRaft(0),
                SealKeyFile = directory.SealKeyFile,
                Export = exported.Options,
            };
            readFlags(options);
            await using var control = await ControlPlaneApp.StartAsync(options, LogEngines.Of(options), signals.Token,
                new ReplicaTuning { LastWords = errors.SayOnBoth, ExportTarget = PostgresOptions.TargetOf });
            await using var media = await MediaNodeApp.StartAsync(new MediaNodeOptions
            {
                NodeId = "media-1",
                DevelopmentMode = true,
                Control = [$"127.0.0.1:{ports.ReplicaGrpc(0)}"],
                GrpcPort = ports.MediaGrpc(0),
                HttpPort = ports.MediaHttp(0),
                UdpPort = ports.MediaUdp(0),
                TcpPort = ports.MediaTcp(0),
                MediaBindAddress = reach.Bind,
                MediaAddresses = [.. reach.All],
            }, signals.Token);
            using (var readiness = new Readiness())
                await readiness.WaitAsync([("replica-1", new Uri($"http://127.0.0.1:{ports.ReplicaHttp(0)}/readyz")),
                    ("media-1", new Uri($"http://127.0.0.1:{ports.MediaHttp(0)}/readyz"))],
                    _ => { }, Console.WriteLine, signals.Token);
            Announcement.Print(directory, new Topology(Topology.CurrentFormat, Single: true, Replicas: 1, Media: 1, ports.Base), ports,
                reach, exported);
            await Task.WhenAny(media.Fatal, control.Fatal).WaitAsync(signals.Token);
            Console.WriteLine($"stopped by a fault; log: {log}");
            return (int)ExitCode.Fatal;
        }
        catch (StartupException e) { throw new CliException(e.Message, e) { ExitCode = Exit.Refused }; }
        catch (OperationCanceledException) when (signals.Token.IsCancellationRequested) { }
        Console.WriteLine("stopped");
        return Exit.Ok;
    }
}
