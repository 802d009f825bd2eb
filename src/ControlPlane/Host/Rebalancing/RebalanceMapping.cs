using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Host.Api;
using VideoScale.ControlPlane.Rebalancing;
using VideoScale.V1;
using RebalanceSettings = VideoScale.ControlPlane.Rebalancing.RebalanceSettings;

namespace VideoScale.ControlPlane.Host.Rebalancing;

/// <summary>Settings between the log and the wire.</summary>
internal static class RebalanceMapping
{
    internal static RebalanceCommand.Set ToCommand(this SetRebalancingRequest request)
    {
        var (given, or) = (request.Settings ?? new V1.RebalanceSettings(), RebalanceSettings.Default);
        var mode = given.Mode switch
        {
            V1.RebalanceMode.Unspecified or V1.RebalanceMode.Off => AutomationMode.Off,
            V1.RebalanceMode.DryRun => AutomationMode.DryRun,
            V1.RebalanceMode.On => AutomationMode.On,
            _ => throw FieldRules.Broken("settings.mode", $"{(int)given.Mode}",
                "REBALANCE_MODE_OFF, REBALANCE_MODE_DRY_RUN or REBALANCE_MODE_ON"),
        };
        return new(new(mode, given.HasAbovePermille ? given.AbovePermille : or.AbovePermille,
            given.HasMaxInParallel ? given.MaxInParallel : or.MaxInParallel,
            given.HasMaxPerMinute ? given.MaxPerMinute : or.MaxPerMinute,
            given.HasCooldownSeconds ? given.CooldownSeconds * 1000UL : or.CooldownMs,
            given.HasQuietFromMinute ? given.QuietFromMinute : or.QuietFromMinute,
            given.HasQuietToMinute ? given.QuietToMinute : or.QuietToMinute));
    }

    internal static V1.RebalanceSettings ToWire(this RebalanceSettings settings) => new()
    {
        Mode = (V1.RebalanceMode)settings.Mode,
        AbovePermille = settings.AbovePermille,
        MaxInParallel = settings.MaxInParallel,
        MaxPerMinute = settings.MaxPerMinute,
        CooldownSeconds = (uint)(settings.CooldownMs / 1000),
        QuietFromMinute = settings.QuietFromMinute,
        QuietToMinute = settings.QuietToMinute,
    };
}
