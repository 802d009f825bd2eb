using VideoScale.Consensus;
using VideoScale.Consensus.Core;
using VideoScale.Simulation.Engine;
using VideoScale.Simulation.Seams;

namespace VideoScale.Simulation.World;

/// <summary>
/// The network between machines: delay, loss, duplication, late repeats, cut and clogged directions; and snapshots on lines of their own.
/// </summary>
internal sealed partial class Simulated
{
    private readonly int[,] _cuts; // from, to: how many faults cut it now
    private readonly long[,] _clogs; // nothing arrives before
    private readonly (long UntilUs, long ByUs)[,] _slow;

    /// <summary>A snapshot on its way to a member, piece by piece; a lost piece is sent again.</summary>
    private sealed class Transfer(Replica from, Replica to, StoredSnapshot snapshot, ulong term)
    {
        public Replica From { get; } = from;
        public MemberId FromId { get; } = from.Id; // the machine may be somebody else's by the time it arrives
        public Replica To { get; } = to;
        public MemberId ToId { get; } = to.Id;
        public StoredSnapshot Snapshot { get; } = snapshot;
        public ulong Term { get; } = term;
        public int PiecesLeft { get; set; }
        public int TriesLeft { get; set; }
    }

    /// <summary>Whether anything gets from one end to another now. Ends: replicas by slot, then media nodes.</summary>
    public bool IsCut(int from, int to) => _cuts[from, to] > 0;

    /// <summary>A delay for something sent now from one end to another, or -1 when it is lost.</summary>
    public long DrawDelayUs(int from, int to, bool reliable = false)
    {
        if (!reliable && !IsHealed && Chance.Hits(Plan.LossPerMille))
        {
            Marks.Hit(Mark.MessageLost);
            return -1;
        }
        long delay = 50 + Chance.Below(Plan.MaxDelayUs);
        if (!IsHealed && Plan.SpikePerMille > 0 && Chance.Hits(Plan.SpikePerMille)) delay += Chance.Below(400_000);
        if (_slow[from, to].UntilUs > NowUs) delay += _slow[from, to].ByUs;
        if (_clogs[from, to] > NowUs) delay += _clogs[from, to] - NowUs;
        return delay;
    }

    public void Send(in Message message)
    {
        var (from, to) = (SlotOf(message.From), SlotOf(message.To));
        if (to < 0) return; // an identity that is gone
        if (from < 0) return;
        var delay = DrawDelayUs(from, to);
        if (delay >= 0) Post(message, from, to, delay);
        if (IsHealed) return;
        if (Plan.DuplicatePerMille > 0 && Chance.Hits(Plan.DuplicatePerMille))
        {
            Marks.Hit(Mark.MessageDuplicated);
            Post(message, from, to, DrawDelayUs(from, to, reliable: true));
        }
        if (Plan.ReplayPerMille > 0 && Chance.Hits(Plan.ReplayPerMille))
        {
            Marks.Hit(Mark.MessageReplayedLate);
            Post(message, from, to, 200_000 + Chance.Below(4_000_000));
        }
    }

    private void Post(in Message message, int from, int to, long delayUs)
    {
        var parcel = _parcels.TryPop(out var spare) ? spare : new Parcel();
        parcel.Fill(message);
        _agenda.Add(NowUs + delayUs, new Due(Happening.Deliver, to, from, message.Index ^ (message.Term << 32), parcel));
    }

    private void Deliver(in Due due)
    {
        var parcel = (Parcel)due.What!;
        var target = Replicas[due.Who];
        if (_cuts[due.Life, due.Who] > 0) Marks.Hit(Mark.MessageMetCut);
        else if (target.Core is not null)
        {
            if (WaitsForPause(target, due)) return;
            Events++;
            _trace.Add((ulong)parcel.Message.Kind | (parcel.Message.Reject ? 64UL : 0) | ((ulong)parcel.Message.Entries.Length << 8)
                | (parcel.Message.Commit << 20));
            if (IsTraced) Tell(Words(parcel.Message));
            Checker.Delivered(target, parcel.Message);
            target.Step(RaftInput.Received(parcel.Message));
        }
        _parcels.Push(parcel);
    }

    private static string Words(in Message message) =>
        $"{message.From} -> {message.To} {message.Kind}{(message.Reject ? " refused" : "")} term {message.Term} index {message.Index} "
            + $"logterm {message.LogTerm} commit {message.Commit}"
        + (message.Entries.IsEmpty ? "" : $" entries {message.Entries.Length}") + (message.Context == 0 ? "" : $" round {message.Context}");

    /// <summary>The slot where this identity lives now, or -1.</summary>
    private int SlotOf(MemberId member)
    {
        var slot = (int)member.Value - 1;
        if (slot < Replicas.Length && Replicas[slot].Id == member) return slot;
        for (var i = 0; i < Replicas.Length; i++)
            if (Replicas[i].Id == member) return i;
        return -1;
    }

    public void SendSnapshot(Replica sender, MemberId to)
    {
        var slot = SlotOf(to);
        Marks.Hit(Mark.SnapshotSent);
        if (slot < 0)
        {
            _agenda.Add(NowUs + 100_000, new Due(Happening.SnapshotPiece, sender.Slot, sender.Life, to.Value, null));
            return;
        }
        var transfer = new Transfer(sender, Replicas[slot], sender.Disk.Snapshot, sender.Core!.Term)
        {
            PiecesLeft = Plan.SnapshotPieces,
            TriesLeft = Plan.SnapshotPieces + 6,
        };
        _agenda.Add(NowUs + 1_000 + Chance.Below(20_000), new Due(Happening.SnapshotPiece, sender.Slot, sender.Life, to.Value, transfer));
    }

    private void SnapshotPiece(in Due due)
    {
        var sender = Replicas[due.Who];
        if (sender.Life != due.Life || WaitsForPause(sender, due)) return;
        if (due.What is not Transfer transfer)
        {
            sender.Step(RaftInput.SnapshotSent(new MemberId(due.Number), sender.Disk.Snapshot.Meta.Index, ok: false));
            return;
        }
        Events++;
        var (from, to) = (transfer.From.Slot, transfer.To.Slot);
        var arrives = !IsCut(from, to) && !IsCut(to, from) && transfer.To.Runs && transfer.To.Id == transfer.ToId
            && (IsHealed || !Chance.Hits(Plan.LossPerMille));
        if (arrives) transfer.PiecesLeft--;
        else Marks.Hit(Mark.SnapshotPieceResent);
        if (transfer.PiecesLeft > 0 && --transfer.TriesLeft > 0)
        {
            _agenda.Add(NowUs + (arrives ? 500 : 50_000) + Chance.Below(5_000), due);
            return;
        }
        var done = transfer.PiecesLeft == 0;
        if (done) // what arrived is durable before the core hears of it; a crash may come in between
            _agenda.Add(NowUs + 100 + Chance.Below(10_000), new Due(Happening.SnapshotKept, to, transfer.To.Life, transfer.Term, transfer));
        else Marks.Hit(Mark.SnapshotGivenUp);
        sender.Step(RaftInput.SnapshotSent(transfer.ToId, transfer.Snapshot.Meta.Index, done));
    }

    private void SnapshotKept(in Due due)
    {
        var (replica, transfer) = (Replicas[due.Who], (Transfer)due.What!);
        if (replica.Life != due.Life || replica.Id != transfer.ToId || WaitsForPause(replica, due)) return;
        Events++;
        replica.Disk.Keep(transfer.Snapshot);
        if (Chance.OneIn(20) && !IsHealed)
        {
            Marks.Hit(Mark.CrashBetweenSnapshotAndLog);
            replica.Crash();
            _agenda.Add(NowUs + 100_000, new Due(Happening.FaultEnds, replica.Slot, 0, 0, Ending.Start));
            return;
        }
        replica.Step(RaftInput.SnapshotReceived(transfer.FromId, transfer.Term, transfer.Snapshot.Meta));
    }
}
