namespace VideoScale.Harness.Processes;

/// <summary>One <c>videoscale control</c>. Its data directory is kept across restarts.</summary>
public sealed class ReplicaProcess(int index, string dataDirectory, int httpPort, int grpcPort, int raftPort) : ServerProcess
{
    public override string Name => $"replica-{index + 1}";
    public int Index => index;
    public string DataDirectory => dataDirectory;
    public override string GrpcAddress => $"127.0.0.1:{grpcPort}";
    public override string HttpAddress => $"127.0.0.1:{httpPort}";
    public string RaftAddress => $"127.0.0.1:{raftPort}";

    protected override IEnumerable<string> Arguments =>
        ["control", "--dev", "--data", dataDirectory, "--http-port", $"{httpPort}", "--grpc-port", $"{grpcPort}", "--raft-port",
            $"{raftPort}"];
}
