namespace VideoScale.Harness.Processes;

/// <summary>One <c>videoscale control</c>. Its data directory is kept across restarts.</summary>
public sealed class ReplicaProcess(int index, string dataDirectory, int httpPort, int grpcPort, int raftPort, ServerPlace? place = null)
    : ServerProcess(place)
{
    /// <summary>What keeps its log; null for what is usual.</summary>
    public string? Engine { get; set; }

    public override string Name => $"replica-{index + 1}";
    public int Index => index;
    public string DataDirectory => dataDirectory;
    public override string GrpcAddress => Place.At(grpcPort);
    public override string HttpAddress => Place.At(httpPort);
    public string RaftAddress => Place.At(raftPort);

    protected override IEnumerable<string> Arguments =>
        ["control", .. PlaceArguments, .. Engine is { } engine ? (string[])["--engine", engine] : [], "--data", dataDirectory,
            "--http-port", $"{httpPort}", "--grpc-port", $"{grpcPort}", "--raft-port",
            $"{raftPort}"];
}
