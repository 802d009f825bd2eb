using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Fields;

namespace VideoScale.ControlPlane.Placement;

/// <summary>What a room takes of its node, or may take at its peak.</summary>
/// <param name="BitrateKbps">In and out together, in kbit/s.</param>
public readonly record struct Reservation(uint Publishers, uint Subscribers, ulong BitrateKbps)
{
    public static Reservation Nothing => default;

    public static Reservation operator +(Reservation a, Reservation b) =>
        new(a.Publishers + b.Publishers, a.Subscribers + b.Subscribers, a.BitrateKbps + b.BitrateKbps);
    public static Reservation operator -(Reservation a, Reservation b) =>
        new(a.Publishers - b.Publishers, a.Subscribers - b.Subscribers, a.BitrateKbps - b.BitrateKbps);

    /// <summary>The larger in each dimension.</summary>
    public static Reservation Max(Reservation a, Reservation b) =>
        new(Math.Max(a.Publishers, b.Publishers), Math.Max(a.Subscribers, b.Subscribers), Math.Max(a.BitrateKbps, b.BitrateKbps));

    public void Describe(FieldSink sink)
    {
        sink.Number("reserved_publishers", Publishers);
        sink.Number("reserved_subscribers", Subscribers);
        sink.Number("reserved_bitrate_kbps", BitrateKbps);
    }

    public static Reservation Read(ref CanonicalReader reader) => new(reader.ReadUInt32(), reader.ReadUInt32(), reader.ReadUInt64());
}
