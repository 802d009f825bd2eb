namespace VideoScale.ControlPlane.Commands;

/// <summary>
/// Commands that came after the first version. A replica of that version stops at one, so a leader proposes none while it knows of such a
/// replica.
/// </summary>
public static class RecentCommands
{
    public static bool Includes(CommandType type) =>
        type is CommandType.OpenRoom or CommandType.UpdateRoom or CommandType.LeaveNode or CommandType.RecordDrainBlocked
            or CommandType.SetDrainDeadline or CommandType.SealLog
            or CommandType.AddWebhook or CommandType.AdvanceWebhook or CommandType.ReplayWebhook or CommandType.ForgetWebhook
            or CommandType.ReportSessions
        || type is >= CommandType.SetPoolPolicy and <= CommandType.RecordTerminated
            or CommandType.SetRebalancing or CommandType.MoveForBalance
        || type is >= CommandType.CreateApiKey and <= CommandType.RevokeTokens;
}
