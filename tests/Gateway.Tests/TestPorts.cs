namespace VideoScale.ControlPlane.Tests.HostTests;

/// <summary>Where this project's replicas listen: other projects' tests run beside it.</summary>
internal static class TestPorts
{
    internal const int Clusters = 22_000, FakeReplicas = 22_300, Nodes = 22_380;
}
