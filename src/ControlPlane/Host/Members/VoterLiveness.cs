using System.Globalization;
using VideoScale.Consensus;
using VideoScale.ControlPlane.Host.Cluster;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Host.Members;

/// <summary>
/// Whether the voters to go to have a majority that lives: a change that is accepted without one stops the cluster, and nothing undoes it.
/// Only what is heard after the question counts, for whoever died a moment ago is not silent for long yet.
/// </summary>
internal sealed class VoterLiveness(IReplicatedLog log, MemberBook book, ElectionTiming timing)
{
    private const uint TimesHeard = 3;
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);

    /// <returns>Why not, and what to do instead; null when a majority of them was heard from.</returns>
    internal async Task<Failure?> CheckAsync(IReadOnlyList<MemberId> voters, CancellationToken cancellationToken)
    {
        var asked = Environment.TickCount64;
        var before = log.Status;
        while (true)
        {
            var status = log.Status;
            if (status.Role != ReplicaRole.Leader || status.Term != before.Term)
                return Failure.Unavailable("leadership moved while the voters were asked; nothing was changed, ask again");
            var silent = voters.Where(voter => voter != status.Self && !IsHeard(before, status, voter)).ToArray();
            if (voters.Count - silent.Length > voters.Count / 2) return null;
            if (Environment.TickCount64 - asked >= timing.VoterPatience.TotalMilliseconds || cancellationToken.IsCancellationRequested)
                return Refusal(status, voters, silent);
            await Task.Delay(Poll, CancellationToken.None);
        }
    }

    /// <summary>
    /// Counted, not timed: on a busy machine ticks and clocks do not go alike, and what a dead voter said last may still wait to be read.
    /// </summary>
    /// <remarks>Whoever shall vote and does not yet may be catching up: it votes once it has.</remarks>
    private static bool IsHeard(ReplicaStatus before, ReplicaStatus status, MemberId member) =>
        Find(status, member) is { } now && !(now.Repairing && status.Membership.Voters.Contains(member))
            && unchecked(now.Heard - (Find(before, member)?.Heard ?? 0)) >= TimesHeard;

    private static MemberProgress? Find(ReplicaStatus status, MemberId member)
    {
        foreach (var progress in status.Progress)
            if (progress.Member == member) return progress;
        return null;
    }

    private Failure Refusal(ReplicaStatus status, IReadOnlyList<MemberId> voters, MemberId[] silent)
    {
        var staying = voters.Except(silent).Count();
        var dead = silent.Where(member => status.Membership.Voters.Contains(member)).ToArray();
        return Failure.Precondition(
            $"of the {voters.Count} voters there would be, {staying} {(staying == 1 ? "answers" : "answer")}: no majority, and nothing "
                + $"could be changed any more. Silent: "
            + string.Join(", ", silent.Select(member => Describe(status, member)))
            + (dead.Length > 0 ? $". Remove {(dead.Length == 1 ? "it" : "them")} first: `ctl cluster remove {string.Join(' ', dead)}`"
                : ". Wait until they answer")
            + ", or force the change (--force)");
    }

    private string Describe(ReplicaStatus status, MemberId member)
    {
        var progress = status.Progress.FirstOrDefault(p => p.Member == member);
        var silence = progress.Member != member ? "not connected" : progress.Repairing ? "under repair"
            : $"for {progress.Silent.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture)} s";
        return $"{member}{(book.Find(member) is { RaftAddress.Length: > 0 } peer ? $" at {peer.RaftAddress}" : "")} ({silence})";
    }
}
