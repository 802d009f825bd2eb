using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Fields;

namespace VideoScale.ControlPlane.Pools;

/// <summary>The figures behind a decision to have more or fewer nodes.</summary>
/// <param name="NeedMilliNodes">What is used and reserved, in thousandths of a node, in the tightest dimension.</param>
/// <param name="ForecastMilliNodes">The same when a node launched now would take rooms, by the trend.</param>
/// <param name="Desired">Nodes wanted.</param>
/// <param name="Standing">Nodes there were, those on their way in among them.</param>
/// <param name="Why">The dimension and what else counted, in words.</param>
public sealed record ScalingReason(uint NeedMilliNodes, uint ForecastMilliNodes, uint Desired, uint Standing, string Why)
{
    public const int MaxWhyLength = 300;

    public void Describe(FieldSink sink)
    {
        sink.Number("need_milli_nodes", NeedMilliNodes);
        sink.Number("forecast_milli_nodes", ForecastMilliNodes);
        sink.Number("desired", Desired);
        sink.Number("standing", Standing);
        sink.Text("why", Why);
    }

    public static ScalingReason Read(ref CanonicalReader r) =>
        new(r.ReadUInt32(), r.ReadUInt32(), r.ReadUInt32(), r.ReadUInt32(), r.ReadString());

    public string Words =>
        $"{Standing} nodes, {Desired} wanted: {NeedMilliNodes / 1000}.{NeedMilliNodes % 1000 / 100} nodes' worth in use"
        + (ForecastMilliNodes / 100 > NeedMilliNodes / 100 ? $", {ForecastMilliNodes / 1000}.{ForecastMilliNodes % 1000 / 100} soon" : "")
        + $" ({Why})";
}
