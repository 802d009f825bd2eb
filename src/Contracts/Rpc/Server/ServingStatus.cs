using Grpc.Health.V1;
using Grpc.HealthCheck;

namespace VideoScale.Rpc;

/// <summary>What <c>grpc.health.v1</c> answers: for the server as a whole (the empty name) and for each service.</summary>
public sealed class ServingStatus(HealthServiceImpl health)
{
    /// <param name="service">Full name of a service; empty for the whole server.</param>
    public void Set(string service, bool serving) =>
        health.SetStatus(service, serving ? HealthCheckResponse.Types.ServingStatus.Serving
            : HealthCheckResponse.Types.ServingStatus.NotServing);
}
