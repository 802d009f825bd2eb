namespace VideoScale.Harness;

/// <summary>How a part of LiveKit's surface stands here.</summary>
public enum Surface
{
    /// <summary>It does what LiveKit's own server does.</summary>
    Served,
    /// <summary>It is answered, with a reason why it is not done.</summary>
    Refused,
    /// <summary>There is nothing of it yet.</summary>
    Missing,
}

/// <summary>Says on a test which part of LiveKit's surface it shows; docs/compatibility.md is made from these.</summary>
/// <param name="area">A heading of the page.</param>
/// <param name="item">What clients and backends know it by.</param>
/// <param name="note">What is different; empty when nothing is.</param>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
public sealed class LiveKitSurfaceAttribute(string area, string item, Surface surface, string note = "") : Attribute
{
    public string Area { get; } = area;
    public string Item { get; } = item;
    public Surface Surface { get; } = surface;
    public string Note { get; } = note;
}
