using System.Security.Cryptography;
using VideoScale.Cli.CommandLine;
using VideoScale.ControlPlane.Host.Cluster;
using VideoScale.ControlPlane.Host.Hosting;
using VideoScale.ControlPlane.Host.Keys;
using VideoScale.Rpc;

namespace VideoScale.Cli.Up;

/// <summary>The directory <c>up</c> keeps a cluster in: topology.json, replica-1/ …, logs/. One <c>up</c> at a time holds it.</summary>
internal sealed class DataDirectory : IDisposable
{
    private readonly FileStream _lock;
    private bool _marked;

    private DataDirectory(string path, FileStream held)
    {
        FullPath = path;
        _lock = held;
    }

    internal string FullPath { get; }

    /// <summary>There while an <c>up</c> runs; still there when the last one was killed.</summary>
    private string RunningMark => Path.Combine(FullPath, "up.running");

    /// <summary>The last <c>up</c> did not get to its end: its children may be stopping still.</summary>
    internal bool WasKilled => File.Exists(RunningMark);

    internal void MarkRunning()
    {
        File.WriteAllText(RunningMark, "");
        _marked = true;
    }

    /// <summary>What secrets of API keys are sealed with in the log; made once.</summary>
    internal string SealKeyFile
    {
        get
        {
            var path = Path.Combine(FullPath, "seal.key");
            if (!File.Exists(path))
                PrivateFile.Write(path, Convert.ToBase64String(RandomNumberGenerator.GetBytes(SealKeys.KeyBytes)) + "\n",
                    FileMode.CreateNew);
            return path;
        }
    }

    internal string Replica(int index) => Path.Combine(FullPath, $"replica-{index + 1}");
    internal string Log(string name) => Path.Combine(FullPath, "logs", name + ".log");

    internal static DataDirectory Open(string directory)
    {
        var path = Path.GetFullPath(directory);
        try
        {
            Directory.CreateDirectory(path);
            return new DataDirectory(path,
                new FileStream(Path.Combine(path, "up.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (IOException e) when (File.Exists(Path.Combine(path, "up.lock")))
        {
            throw new CliException(
                $"{path} is in use: another `videoscale up` runs there. Stop it, or choose another --data (and --base-port)",
                e)
            { ExitCode = Exit.Refused };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException($"--data: {path} cannot be used ({e.Message})", e);
        }
    }

    /// <summary>Makes what the topology needs; directories that exist stay as they are.</summary>
    internal bool Prepare(Topology topology, Ports ports)
    {
        if (ClusterFiles.Exist(Replica(0)))
        {
            topology.Write(FullPath);
            return false;
        }
        var seats = Enumerable.Range(0, topology.Replicas)
            .Select(i => new ReplicaSeat(Replica(i), $"127.0.0.1:{ports.ReplicaRaft(i)}", $"127.0.0.1:{ports.ReplicaGrpc(i)}",
                $"127.0.0.1:{ports.ReplicaHttp(i)}")).ToArray();
        // What an interrupted first start left is not a cluster yet: identities are written last.
        if (!seats.Any(seat => ClusterFiles.Exist(seat.DataDirectory)))
            foreach (var seat in seats.Where(seat => Directory.Exists(seat.DataDirectory)))
                Directory.Delete(seat.DataDirectory, recursive: true);
        try { ControlPlaneBootstrap.Create(seats); }
        catch (StartupException e) { throw new CliException(e.Message, e) { ExitCode = Exit.Refused }; }
        topology.Write(FullPath);
        return true;
    }

    public void Dispose()
    {
        if (_marked) File.Delete(RunningMark); // else it is the one that was killed whose mark it is
        _lock.Dispose();
    }
}
