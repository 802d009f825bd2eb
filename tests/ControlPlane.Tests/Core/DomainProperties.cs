using System.Globalization;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Decisions;
using VideoScale.ControlPlane.Outcomes;
using VideoScale.ControlPlane.Requests;
using VideoScale.ControlPlane.Rooms;
using VideoScale.ControlPlane.State;
using VideoScale.Harness;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Tests.Core;

public sealed class DomainProperties
{
    private const int Steps = 300;

    [Fact]
    public void One_owner_per_room_growing_epochs_caps_kept_and_drained_only_when_empty()
    {
        var (placements, denials, drained) = (0, 0, 0);
        Seeds.Run(140, random =>
        {
            var (bed, model, world) = (new Bed(), new EventModel(), new RandomWorld(random));
            for (var step = 0; step < Steps; step++)
            {
                var from = bed.Events.Count;
                bed.Do(world.Next(bed));
                bed.Pass(random.Next(20) == 0 ? 40_000 : random.Next(500));
                foreach (var recorded in bed.Events.Skip(from)) model.Take(recorded);
                if (step % 20 == 0) { model.Agree(bed.State); IndexesAgree(bed); }
            }
            model.Agree(bed.State);
            placements += model.Placements;
            denials += model.Denials;
            drained += model.Drained;
        });
        Assert.True(placements > 500 && denials > 100 && drained > 50,
            $"the world is lively: {placements} placements, {denials} denials, {drained} drained");
    }

    [Fact]
    public void Folding_the_events_gives_the_state_also_through_bytes_and_through_a_snapshot_at_any_point() => Seeds.Run(40, random =>
    {
        var world = new RandomWorld(random);
        var bed = new Bed();
        var cut = random.Next(Steps);
        ClusterState? restored = null;
        var cutAt = 0;
        for (var step = 0; step < Steps; step++)
        {
            bed.Do(world.Next(bed));
            bed.Pass(random.Next(30) == 0 ? 400_000 : random.Next(500));
            if (random.Next(50) == 0) bed.State.StateHash(); // at odd moments: the hash must not depend on when it was asked for
            if (step != cut) continue;
            restored = Bed.Restored(bed.State);
            Assert.Equal(bed.State.StateHash(), restored.StateHash());
            Assert.Equal(Bed.SnapshotOf(bed.State), Bed.SnapshotOf(restored));
            cutAt = bed.Events.Count;
        }
        var folded = Bed.Fold(bed.Events);
        foreach (var recorded in bed.Events.Skip(cutAt)) restored!.Evolve(recorded.Event, recorded.Context);
        foreach (var other in new[] { folded, restored! })
        {
            Assert.Equal(bed.State.StateHash(), other.StateHash());
            Assert.Equal(Bed.SnapshotOf(bed.State), Bed.SnapshotOf(other));
            Assert.Equal(bed.State.WaitingForPlacement().Select(r => r.Name), other.WaitingForPlacement().Select(r => r.Name));
            Assert.Equal(bed.State.EmptyTooLong(bed.Now).Select(r => r.Name), other.EmptyTooLong(bed.Now).Select(r => r.Name));
            Assert.Equal(bed.State.SeatsNotTaken(bed.Now).Select(s => s.Seat.SeatId).Order(),
                other.SeatsNotTaken(bed.Now).Select(s => s.Seat.SeatId).Order());
            foreach (var node in bed.State.Nodes.InOrder())
                Assert.Equal((node.Charged, node.Actual),
                    (other.FindNode(node.Record.Id)!.Charged, other.FindNode(node.Record.Id)!.Actual));
        }
    });

    [Fact]
    public void A_retry_changes_nothing_and_gets_the_first_answer() => Seeds.Run(40, random =>
    {
        var (bed, world) = (new Bed(), new RandomWorld(random));
        var asked = new List<(CommandEnvelope Envelope, CommandReply Reply)>();
        for (var step = 0; step < 150; step++)
        {
            var command = world.Next(bed);
            var loop = Deciders.MustBeDecidedByLeader(command);
            var envelope = new CommandEnvelope(command, new("op", ActorKind.Operator, ActorAuthMethod.Token),
                new("Do", "id-" + step, (UInt128)step), loop
                ? bed.Term : 0);
            asked.Add((envelope, bed.Run(envelope)));
            bed.Pass(random.Next(500));
            var (again, first) = asked[random.Next(asked.Count)];
            var (hash, events, results) = (bed.State.StateHash(), bed.Events.Count, bed.Results.Hash());
            var reply = bed.Run(again);
            Assert.True(reply.Replayed);
            Assert.Equal(first, reply with { Replayed = false });
            Assert.Equal((hash, events, bed.Results.Count), (bed.State.StateHash(), bed.Events.Count, asked.Count));
        }
    });

    [Fact]
    public void The_same_log_gives_the_same_hash_under_another_culture()
    {
        var plain = Scenario();
        var odd = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        odd.NumberFormat.NegativeSign = "~";
        odd.NumberFormat.NumberDecimalSeparator = ",";
        odd.NumberFormat.NumberGroupSeparator = "'";
        odd.DateTimeFormat.TimeSeparator = "!";
        var before = CultureInfo.CurrentCulture;
        try
        {
            CultureInfo.CurrentCulture = odd;
            Assert.Equal("~1", (-1).ToString(CultureInfo.CurrentCulture)); // the culture is really in force
            Assert.Equal(plain, Scenario());
        }
        finally { CultureInfo.CurrentCulture = before; }
    }

    /// <summary>String hashes are seeded anew in every process: the checked-in answer came from another one.</summary>
    [Fact]
    public void The_same_log_gives_the_same_hash_in_another_process_with_another_hash_seed() =>
        Golden.Check("scenario.txt", Scenario() + "\n");

    private static string Scenario()
    {
        var (bed, world, random) = (new Bed(), new RandomWorld(new Random(20_26), updates: false), new Random(7));
        for (var step = 0; step < 1_000; step++)
        {
            bed.Do(world.Next(bed), random.Next(3) == 0 ? new RequestKey("Do", "id-" + step, 1) : null);
            bed.Pass(random.Next(2_000));
        }
        var replies = Fingerprint.Of(
            System.Text.Encoding.UTF8.GetBytes(string.Join("\n", bed.Events.Select(e => e.Event.ToJson() + e.Event.Words + e.Cause))));
        return $"events {bed.Events.Count} state {bed.State.StateHash():x32} results {bed.Results.Hash():x32} texts {replies:x32} "
            + $"snapshot {Fingerprint.Of(Bed.SnapshotOf(bed.State)):x32}";
    }

    private static void IndexesAgree(Bed bed)
    {
        var (state, rooms) = (bed.State, bed.State.Rooms.InOrder().ToArray());
        Assert.Equal(rooms.Select(r => r.Name).Order(StringComparer.Ordinal), rooms.Select(r => r.Name));
        Assert.Equal(rooms.Where(r => r.Record.Status == RoomStatus.Unplaced).Select(r => r.Name),
            state.WaitingForPlacement().Select(r => r.Name).Order(StringComparer.Ordinal));
        Assert.Equal(rooms.Where(r => r.Record.Owner is { IsRevoked: true }).Select(r => r.Name),
            state.Revoked.InOrder().Select(r => r.Name));
        Assert.Equal(rooms.Where(r => r.Record.CloseDueMs <= bed.Now.UnixMs).Select(r => r.Name),
            state.EmptyTooLong(bed.Now).Select(r => r.Name).Order(StringComparer.Ordinal));
        Assert.Equal(
            rooms.SelectMany(r => r.Seats.InOrder().Where(s => r.Record.SeatDueMs(s) <= bed.Now.UnixMs)).Select(s => s.SeatId).Order(),
            state.SeatsNotTaken(bed.Now).Select(s => s.Seat.SeatId).Order());
        Assert.Equal(state.Nodes.InOrder().Count(n => n.Record.TakesRooms), state.NodesTakingRooms);
        foreach (var node in state.Nodes.InOrder())
            Assert.Equal(rooms.Where(r => r.Record.Owner?.Node == node.Record.Id).Select(r => r.Name),
                node.Rooms.InOrder().Select(r => r.Name));
    }
}
