namespace VideoScale.ControlPlane.Host.Webhooks;

/// <summary>What the leader's sender to one receiver is at.</summary>
/// <param name="LagMs">Age of the oldest message that waits; 0 when none does.</param>
/// <param name="NextTryMs">Wall-clock time, UTC; 0 when none waits, or one is under way.</param>
internal sealed record SenderStatus(
    int Waiting, ulong LagMs, int UnderWay, int HeldRooms, bool IsDown, long Failures, string LastError, long LastErrorMs, long NextTryMs)
{
    internal static SenderStatus Resting { get; } = new(0, 0, 0, 0, false, 0, "", 0, 0);
}
