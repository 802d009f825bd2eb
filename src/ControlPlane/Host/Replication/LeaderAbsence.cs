using System.Globalization;
using VideoScale.Consensus;
using VideoScale.ControlPlane.Host.Cluster;
using VideoScale.Model;
using VideoScale.Wire;

namespace VideoScale.ControlPlane.Host.Replication;

/// <summary>How long calls wait for a leader, and what they are told when none comes: callers have other replicas to ask.</summary>
public sealed class LeaderAbsence(Leadership leadership, MemberBook book, IReplicatedLog log, ElectionTiming timing) : IReadPatience
{
    public ElectionTiming Timing => timing;

    public TimeSpan Patience => timing.CallPatience;

    /// <summary>No leader is known, and has not been for as long as calls wait for one.</summary>
    public bool IsLong => leadership.LeaderlessFor >= Patience;

    TimeSpan IReadPatience.AtMost => Patience;
    Failure? IReadPatience.BeforeRead() => IsLong ? Refusal(mayBeDone: false) : null;
    Failure? IReadPatience.AfterRead() => leadership.Now.Leader.IsNone ? Refusal(mayBeDone: false) : null;

    /// <summary>Refuses a call at once when there is nothing to wait for.</summary>
    public void Check()
    {
        if (IsLong) throw Refusal(mayBeDone: false).ToRpcException();
    }

    /// <summary>Waits until some replica is known to lead.</summary>
    /// <param name="mayBeDone">What the call is about was sent to a leader already.</param>
    public async ValueTask<RoleChange> WaitAsync(bool mayBeDone, CancellationToken cancellationToken)
    {
        while (true)
        {
            var now = leadership.Now;
            if (!now.Leader.IsNone) return now;
            if (!await leadership.ChangesWithinAsync(now, Left, cancellationToken) && IsLong) throw Refusal(mayBeDone).ToRpcException();
            if (cancellationToken.IsCancellationRequested) throw Refusal(mayBeDone).ToRpcException();
        }
    }

    /// <summary>How much of the patience is left; zero or more.</summary>
    public TimeSpan Left => leadership.LeaderlessFor is var gone && gone < Patience ? Patience - gone : TimeSpan.Zero;

    public Failure Refusal(bool mayBeDone) => Failure.Unavailable(
        $"no leader is known here for {leadership.LeaderlessFor.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture)} s: {Voters()}; "
        + (mayBeDone ? "the outcome is unknown, repeat it with the same request_id, here or at another replica"
            : "nothing was done, ask another replica"));

    private string Voters()
    {
        var status = log.Status;
        var voters = status.Membership.Voters;
        if (!status.Membership.IsMember(status.Self)) return "this replica is not a member";
        var silent = status.Progress.Where(peer => peer.Voter && peer.Member != status.Self && peer.Silent > timing.Silence)
            .Select(peer => Name(peer.Member)).ToArray();
        if (silent.Length == 0 && status.Notices.Count > 0) return string.Join("; ", status.Notices); // what keeps the log says more
        return silent.Length == 0 ? $"an election is under way among {voters.Length} voters"
            : $"of {voters.Length} voters {silent.Length} {(silent.Length == 1 ? "does" : "do")} not answer this replica "
                + $"({string.Join(", ", silent)})";
    }

    private string Name(MemberId member) =>
        book.Find(member) is { GrpcAddress.Length: > 0 } peer ? $"{member} at {peer.GrpcAddress}" : member.ToString();
}
