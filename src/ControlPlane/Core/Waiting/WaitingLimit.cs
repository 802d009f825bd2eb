using VideoScale.ControlPlane.Placement;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Waiting;

/// <summary>How many rooms may wait for a node: beyond that, who asks for one more is told at once, and when to ask again.</summary>
public static class WaitingLimit
{
    public static Failure Refusal(int waiting, int limit, PlacementDecision decision, long retryAfterMs)
    {
        var why = decision.Rejections is [var first, ..] ? $"node {first.Node} {first.Words}" : "there is no node";
        return Failure.Exhausted(
            $"the fleet is full: {waiting} rooms wait for a node already, of at most {limit} (MaxWaitingRooms); {why}; "
            + $"ask again in {(retryAfterMs + 999) / 1000} s") with
        { RetryAfterMs = retryAfterMs };
    }
}
