using System.Diagnostics.Metrics;
using Grpc.Core;

namespace VideoScale.Rpc;

/// <summary>What servers count of calls. Calls and calls in flight are counted in each method and only read when somebody looks.</summary>
public sealed class RpcMetrics : IDisposable
{
    public const string MeterName = MetricName.Meter;

    internal static readonly KeyValuePair<string, object?>[] StatusTags =
        [.. Enum.GetValues<StatusCode>().Order().Select(s => new KeyValuePair<string, object?>("rpc.status", s.ToString()))];

    private readonly Meter _meter = new(MeterName);
    private volatile IReadOnlyCollection<RpcMethod> _methods = [];

    public RpcMetrics()
    {
        _meter.CreateObservableCounter(MetricName.InstrumentOf("videoscale_rpc_server_calls"), Calls, "{call}",
            "Calls that ended, by method and status.");
        _meter.CreateObservableUpDownCounter(MetricName.InstrumentOf("videoscale_rpc_server_in_flight"), InFlight, "{call}",
            "Calls being served, by method.");
        DurationMs = _meter.CreateHistogram<double>(MetricName.InstrumentOf("videoscale_rpc_server_duration"), "ms",
            "Time from the request's headers to the end of the call, by method and status.");
        Denied = _meter.CreateCounter<long>(MetricName.InstrumentOf("videoscale_rpc_server_denied"), "{call}",
            "Calls refused for want of a token, certificate or role.");
    }

    internal Meter Meter => _meter;
    internal Histogram<double> DurationMs { get; }
    internal Counter<long> Denied { get; }

    internal IReadOnlyCollection<RpcMethod> Methods => _methods;

    internal void Observe(IReadOnlyCollection<RpcMethod> methods) => _methods = methods;

    private IEnumerable<Measurement<long>> Calls()
    {
        foreach (var method in _methods)
            for (var status = 0; status < StatusTags.Length; status++)
                if (method.Finished((StatusCode)status) is > 0 and var count) yield return new(count, method.Tag, StatusTags[status]);
    }

    private IEnumerable<Measurement<int>> InFlight() => _methods.Select(m => new Measurement<int>(m.InFlight, m.Tag));

    public void Dispose() => _meter.Dispose();
}
