using System.Text;
using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Events;

namespace VideoScale.ControlPlane.Host.EventLog;

/// <summary>Finds an event's type by its name as the envelope spells it, without making a string.</summary>
internal static class EventTypeTable
{
    private const int Slots = 256; // far more than there are types, so that few share a slot
    private static readonly (byte[] Name, EventType Type)[][] Table = Build();

    public static bool TryFind(ReadOnlySpan<byte> name, out EventType type)
    {
        foreach (var (known, found) in Table[SlotOf(name)])
        {
            if (!name.SequenceEqual(known)) continue;
            type = found;
            return true;
        }
        type = default;
        return false;
    }

    /// <exception cref="CanonicalException">A newer program wrote the log.</exception>
    public static EventType Find(ReadOnlySpan<byte> name) => TryFind(name, out var type)
        ? type
        : throw new CanonicalException(
            $"event type \"{Encoding.UTF8.GetString(name)}\" is unknown to this program: a newer one wrote the log");

    private static int SlotOf(ReadOnlySpan<byte> name)
    {
        uint hash = 2166136261;
        foreach (var b in name) hash = unchecked((hash ^ b) * 16777619);
        return (int)((hash ^ (hash >> 16)) % Slots);
    }

    private static (byte[], EventType)[][] Build()
    {
        var names = Enum.GetValues<EventType>().Select(type => (Name: Encoding.UTF8.GetBytes(type.ToString()), Type: type))
            .ToLookup(n => SlotOf(n.Name));
        return [.. Enumerable.Range(0, Slots).Select(slot => names[slot].ToArray())];
    }
}
