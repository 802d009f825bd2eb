namespace VideoScale.Harness.Processes;

/// <summary>One <c>videoscale media</c>; every start is a new incarnation of the same node.</summary>
public sealed class MediaProcess(string nodeId, IReadOnlyList<string> control, int grpcPort, int httpPort, int udpPort, int tcpPort,
    ServerPlace? place = null) : ServerProcess(place)
{
    public override string Name => nodeId;
    public string NodeId => nodeId;
    public override string GrpcAddress => Place.At(grpcPort);
    public override string HttpAddress => Place.At(httpPort);

    public int UdpPort => udpPort;
    public int TcpPort => tcpPort;

    protected override IEnumerable<string> Arguments =>
        ["media", .. PlaceArguments, "--node", nodeId, "--control", string.Join(',', control), "--grpc-port", $"{grpcPort}", "--http-port",
            $"{httpPort}", "--udp-port", $"{udpPort}", "--tcp-port", $"{tcpPort}"];
}
