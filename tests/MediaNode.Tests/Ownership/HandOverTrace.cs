using System.Runtime.CompilerServices;
using System.Text;
using static VideoScale.MediaNode.Tests.Ownership.AuthorityBench;

namespace VideoScale.MediaNode.Tests.Ownership;

/// <summary>A move of a room with a participant in it, line by line, to be read in review. UPDATE_GOLDEN=1 rewrites it.</summary>
public sealed class HandOverTrace
{
    [Fact]
    public void A_hand_over_reads_as_it_did()
    {
        var trace = new StringBuilder();
        var (a, b) = (new AuthorityBench(), new AuthorityBench());
        a.Renew();
        b.Renew();
        Say("both nodes have a lease");
        a.Assign(20, seats: Seat(Ann, 1));
        Say("the leader assigns standup to A under epoch 20; ann's seat 1 is reserved");
        Ask(a, "A", 20);
        Ask(b, "B", 20);
        a.Revoke(20);
        Say("the leader revokes epoch 20");
        Ask(a, "A", 20);
        foreach (var report in a.TakeReports()) Say($"A reports {report}");
        b.Index = a.Index;
        b.Assign(31, seats: Seat(Ann, 1));
        Say("the release is in the log; the leader assigns standup to B under epoch 31 with ann's seat");
        Ask(a, "A", 31);
        Ask(b, "B", 20);
        Ask(b, "B", 31);
        foreach (var report in b.TakeReports()) Say($"B reports {report}");
        a.Assign(20, seats: Seat(Ann, 1));
        Say("a late echo of A's old assignment arrives");
        Ask(a, "A", 20);
        b.Pass(TtlMs);
        Say("B hears nothing for as long as its lease is");
        Ask(b, "B", 31);
        b.Renew();
        Say("the control plane is back; nothing had expired: B renews");
        Ask(b, "B", 31);
        AssertGolden(trace.ToString());

        void Say(string line)
        {
            trace.Append(line).Append('\n');
            foreach (var end in a.Ended) trace.Append($"  A ends the session of {end.Identity} (seat {end.SeatId}): {end.Why}\n");
            foreach (var end in b.Ended) trace.Append($"  B ends the session of {end.Identity} (seat {end.SeatId}): {end.Why}\n");
            a.Ended.Clear();
            b.Ended.Clear();
        }

        void Ask(AuthorityBench node, string name, ulong epoch)
        {
            var decision = node.Take(Ann, 1, epoch);
            var answer = decision.IsGranted ? $"granted, lease left {decision.Grant.LeaseLeftMs} ms"
                : $"{decision.Refusal}: {decision.Failure!.Message}";
            trace.Append($"  ann asks {name} under epoch {epoch}: {answer}\n");
        }
    }

    private static void AssertGolden(string actual, [CallerFilePath] string here = "")
    {
        var path = Path.Combine(Path.GetDirectoryName(here)!, "Golden", "hand-over.txt");
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1") File.WriteAllText(path, actual);
        Assert.Equal(File.ReadAllText(path), actual);
    }
}
