using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Prometheus;

namespace VideoScale.Rpc;

/// <summary>
/// /metrics: what meters say, in Prometheus' words. Whoever counts uses .NET's meters; nobody but this knows what exports them.
/// </summary>
public static class MetricsEndpoint
{
    private const string Path = "/metrics";

    private static readonly string[] OfProcess = [MetricName.Meter, "System.Runtime", "Microsoft.AspNetCore.Server.Kestrel"];

    static MetricsEndpoint()
    {
        // Event counters are what the meters say once more, at a cost.
        Metrics.SuppressDefaultMetrics(new SuppressDefaultMetricOptions { SuppressEventCounters = true });
        Metrics.ConfigureMeterAdapter(meters => meters.InstrumentFilterPredicate = instrument => instrument.Meter.Scope is null
            && Array.Exists(OfProcess, name => instrument.Meter.Name.StartsWith(name, StringComparison.Ordinal)));
    }

    /// <summary>All meters of ours in this process that have no scope, the runtime's and the web server's.</summary>
    public static void MapMetricsOfProcess(this IEndpointRouteBuilder endpoints, string host) =>
        endpoints.MapMetrics(Path).RequireHost(host);

    /// <summary>These meters alone. With a scope of their own, others of this process are told apart from them.</summary>
    /// <returns>To be disposed before the meters are.</returns>
    public static IDisposable MapMetricsOf(this IEndpointRouteBuilder endpoints, string host, IReadOnlyCollection<Meter> meters)
    {
        var registry = Metrics.NewCustomRegistry();
        var adapter = MeterAdapter.StartListening(new MeterAdapterOptions
        {
            Registry = registry,
            MetricFactory = Metrics.WithCustomRegistry(registry), // or what is measured goes to the process's registry
            InstrumentFilterPredicate = instrument => meters.Contains(instrument.Meter),
        });
        endpoints.MapMetrics(options => options.Registry = registry, Path).RequireHost(host);
        return adapter;
    }
}
