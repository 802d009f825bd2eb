using VideoScale.Model;

namespace VideoScale.ControlPlane.Commands;

/// <summary>How far what a leader does by itself may go; as on the wire (videoscale.v1.ScalingMode, RebalanceMode).</summary>
public enum AutomationMode : byte
{
    None = 0,
    /// <summary>Nothing is done.</summary>
    Off = 1,
    /// <summary>What would be done is told, and not done.</summary>
    DryRun = 2,
    On = 3,
}

public static class AutomationModes
{
    public static Failure? Check(this AutomationMode mode) =>
        mode is AutomationMode.Off or AutomationMode.DryRun or AutomationMode.On ? null
        : Failure.InvalidArgument($"mode: {(byte)mode} breaks the rule: 1 (off), 2 (dry run) or 3 (on)");

    public static string Words(this AutomationMode mode) =>
        mode switch { AutomationMode.Off => "off", AutomationMode.DryRun => "dry run", _ => "on" };
}
