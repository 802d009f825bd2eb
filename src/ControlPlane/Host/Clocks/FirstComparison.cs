using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Requests;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Host.Clocks;

/// <summary>
/// Right after a start a replica may lead before it has compared its clock with the others', or heard which programs they run. What hangs
/// on that waits for it, or is to be repeated: it must not be refused for good.
/// </summary>
public sealed class FirstComparison(LogTimeSource time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);

    /// <returns>Null when nothing stands in the way of the command any more.</returns>
    public async ValueTask<Failure?> AwaitAsync(CommandEnvelope envelope, CancellationToken cancellationToken)
    {
        for (var asked = Environment.TickCount64; AwaitsPrograms(envelope) || AwaitsClocks(envelope);
            await Task.Delay(Poll, CancellationToken.None))
        {
            if (Environment.TickCount64 - asked < Patience.TotalMilliseconds && !cancellationToken.IsCancellationRequested) continue;
            var missing = AwaitsPrograms(envelope) ? "this replica has not heard yet which programs the other replicas run"
                : $"the request_id was made ahead of log time, which is {time.Now}, and no majority of voters has said yet what time it is";
            return Failure.Unavailable($"{missing}; nothing was done, retry with the same request_id");
        }
        return null;
    }

    private bool AwaitsPrograms(CommandEnvelope envelope) => RecentCommands.Includes(envelope.Command.Type) && time.AwaitsMembers;

    private bool AwaitsClocks(CommandEnvelope envelope) =>
        envelope.Request is { } request && UuidV7.TimeOf(request.RequestId) is { } made && time.MayHaveMissed(made);
}
