using LiveKit.Proto;
using Action = LiveKit.Proto.LeaveRequest.Types.Action;

namespace VideoScale.MediaNode.Host.Sessions;

/// <summary>
/// How a client is told that its session is over, and whether it may begin anew; older clients know the second by a flag.
/// </summary>
internal static class LeaveMessage
{
    internal static SignalResponse Of(DisconnectReason reason, Action action) =>
        new() { Leave = new LeaveRequest { Reason = reason, Action = action, CanReconnect = action != Action.Disconnect } };
}
