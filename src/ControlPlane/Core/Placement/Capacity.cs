using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Fields;

namespace VideoScale.ControlPlane.Placement;

/// <summary>Hard limits of a node; never exceeded by what is placed on it.</summary>
public readonly record struct Capacity(uint Publishers, uint Subscribers, ulong BitrateKbps)
{
    public const uint MaxPublishers = 100_000;
    public const uint MaxSubscribers = 1_000_000;
    public const ulong MaxBitrateKbps = 1_000_000_000;

    public void Describe(FieldSink sink)
    {
        sink.Number("capacity_publishers", Publishers);
        sink.Number("capacity_subscribers", Subscribers);
        sink.Number("capacity_bitrate_kbps", BitrateKbps);
    }

    public static Capacity Read(ref CanonicalReader reader) => new(reader.ReadUInt32(), reader.ReadUInt32(), reader.ReadUInt64());
}
