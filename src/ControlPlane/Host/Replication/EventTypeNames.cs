using VideoScale.ControlPlane.Events;

namespace VideoScale.ControlPlane.Host.Replication;

/// <summary>Names of event types as the event log spells them, looked up without formatting.</summary>
internal static class EventTypeNames
{
    private static readonly string[] ByNumber = Build();

    internal static string Of(EventType type) => ByNumber[(int)type];

    private static string[] Build()
    {
        var types = Enum.GetValues<EventType>();
        var names = new string[(int)types.Max() + 1];
        foreach (var type in types) names[(int)type] = type.ToString();
        return names;
    }
}
