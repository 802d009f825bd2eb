namespace VideoScale.Harness.Processes;

/// <summary>One <c>videoscale media</c>; every start is a new incarnation of the same node.</summary>
public sealed class MediaProcess(string nodeId, IReadOnlyList<string> control, int grpcPort, int httpPort, int udpPort) : ServerProcess
{
    public override string Name => nodeId;
    public string NodeId => nodeId;
    public override string GrpcAddress => $"127.0.0.1:{grpcPort}";
    public override string HttpAddress => $"127.0.0.1:{httpPort}";

    protected override IEnumerable<string> Arguments =>
        ["media", "--dev", "--node", nodeId, "--control", string.Join(',', control), "--grpc-port", $"{grpcPort}", "--http-port",
            $"{httpPort}", "--udp-port", $"{udpPort}"];
}
