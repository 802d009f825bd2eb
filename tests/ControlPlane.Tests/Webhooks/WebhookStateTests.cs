using VideoScale.ControlPlane.State;
using VideoScale.ControlPlane.Tests.Core;
using VideoScale.ControlPlane.Webhooks;
using VideoScale.Harness;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Tests.Webhooks;

/// <summary>Positions and dead letters as replicated state.</summary>
public sealed class WebhookStateTests
{
    private static readonly DeadLetter Letter = new(new(2, 1), new("r"), "participant_left", 7, "status 500", IsReplayed: false);

    [Fact]
    public void A_state_without_webhooks_is_written_and_hashed_as_it_always_was()
    {
        var bed = Begun();
        Assert.Equal(1, Bed.SnapshotOf(bed.State)[4]);
        var (before, bytes) = (bed.State.StateHash(), Bed.SnapshotOf(bed.State));
        bed.Must(new WebhookCommand.Add("wh-1", "http://one.example/"));
        Assert.NotEqual(before, bed.State.StateHash());
        Assert.Equal(2, Bed.SnapshotOf(bed.State)[4]);
        Assert.Equal(bytes, Bed.SnapshotOf(CapturedState.Restore(new MemoryStream(bytes))));
    }

    [Fact]
    public void Whatever_is_on_record_comes_back_from_a_snapshot_and_from_the_events() => Seeds.Run(100, random =>
    {
        var bed = Begun();
        for (var i = 0; i < 60; i++)
        {
            var id = "wh-" + random.Next(3);
            bed.Do(random.Next(6) switch
            {
                0 => new WebhookCommand.Add(id, $"http://{id}.example/"),
                1 when random.Next(5) == 0 => new WebhookCommand.Forget(id),
                2 => new WebhookCommand.Replay(id, random.Next(2) == 0 ? [] : [new((ulong)random.Next(9), 0)]),
                _ => new WebhookCommand.Advance(id, new((ulong)random.Next(20), (ulong)random.Next(9),
                    random.Next(2) == 0 ? [] : [new(new("r"), 3)], random.Next(2) == 0 ? [] : [Letter with { Message = Some(random) }],
                    random.Next(3) == 0 ? [Some(random)] : [], random.Next(3) == 0 ? [Some(random)] : [])),
            });
            if (random.Next(4) == 0) bed.Room("q" + i, "n1");
        }
        Assert.Equal(bed.State.StateHash(), Bed.Fold(bed.Events).StateHash());
        Assert.Equal(bed.State.StateHash(), Bed.Restored(bed.State).StateHash());
        Assert.Equal(Bed.SnapshotOf(bed.State), Bed.SnapshotOf(Bed.Restored(bed.State)));
    });

    [Fact]
    public void A_position_never_goes_back_and_is_never_ahead_of_the_log()
    {
        var bed = Begun();
        bed.Must(new WebhookCommand.Add("wh-1", "http://one.example/"));
        var at = bed.State.FindWebhook("wh-1")!.Position;
        Assert.Contains("does not go back", bed.Refused(FailureCode.FailedPrecondition, Advance(at - 1)), StringComparison.Ordinal);
        Assert.Contains("below", bed.Refused(FailureCode.InvalidArgument, Advance(bed.State.LastEventSeq + 1)), StringComparison.Ordinal);
        bed.Must(Advance(bed.State.LastEventSeq, delivered: 2));
        Assert.Equal((at + 1, 2ul), (bed.State.FindWebhook("wh-1")!.Position, bed.State.FindWebhook("wh-1")!.Delivered));
        var events = bed.Events.Count;
        bed.Must(Advance(at + 1)); // nothing is new: nothing to record
        Assert.Equal(events, bed.Events.Count);
    }

    [Fact]
    public void Dead_letters_are_replayed_settled_and_bounded()
    {
        var bed = Begun();
        bed.Must(new WebhookCommand.Add("wh-1", "http://one.example/"));
        var at = bed.State.LastEventSeq;
        bed.Must(new WebhookCommand.Advance("wh-1", new(at, 0, [], [Letter], [], [])));
        var refused = bed.Refused(FailureCode.NotFound, new WebhookCommand.Replay("wh-1", [new(9, 0)]));
        Assert.Contains("event 9", refused, StringComparison.Ordinal);
        Assert.Equal(1u, bed.Must(new WebhookCommand.Replay("wh-1", [])).Outcome.Accepted);
        Assert.Equal(0u, bed.Must(new WebhookCommand.Replay("wh-1", [])).Outcome.Accepted); // it is on its way
        Assert.True(bed.State.FindWebhook("wh-1")!.Dead.Single().IsReplayed);
        bed.Must(new WebhookCommand.Advance("wh-1", new(at, 0, [], [], [], [Letter.Message])));
        Assert.False(bed.State.FindWebhook("wh-1")!.Dead.Single().IsReplayed);
        bed.Must(new WebhookCommand.Advance("wh-1", new(at, 1, [], [], [Letter.Message], [])));
        Assert.Empty(bed.State.FindWebhook("wh-1")!.Dead);
        bed.Refused(FailureCode.InvalidArgument, new WebhookCommand.Advance("wh-1", new(at, 0, [],
            [.. Enumerable.Range(0, WebhookRecord.MaxDead + 1).Select(i => Letter with { Message = new(1, (uint)i) })], [], [])));
    }

    [Fact]
    public void There_are_sixteen_at_most_and_a_forgotten_one_begins_anew_at_the_end()
    {
        var bed = Begun();
        for (var i = 0; i < WebhookRecord.MaxWebhooks; i++) bed.Must(new WebhookCommand.Add($"wh-{i}", "http://one.example/"));
        bed.Refused(FailureCode.ResourceExhausted, new WebhookCommand.Add("wh-more", "http://one.example/"));
        bed.Must(new WebhookCommand.Forget("wh-0"));
        bed.Must(new WebhookCommand.Add("wh-0", "http://one.example/"));
        Assert.Equal(bed.State.LastEventSeq - 1, bed.State.FindWebhook("wh-0")!.Position);
        bed.Refused(FailureCode.NotFound, new WebhookCommand.Forget("wh-more"));
    }

    [Fact]
    public void Only_the_leaders_sender_moves_a_position()
    {
        var bed = Begun();
        var reply = bed.Run(new(Advance(1), new("op", Commands.ActorKind.Operator, Commands.ActorAuthMethod.Token)));
        Assert.Equal(FailureCode.PermissionDenied, reply.Failure?.Code);
    }

    private static MessageRef Some(Random random) => new((ulong)random.Next(9), 0);

    private static Bed Begun()
    {
        var bed = new Bed();
        bed.Node("n1");
        bed.Room("r", "n1");
        return bed;
    }

    private static WebhookCommand.Advance Advance(ulong position, ulong delivered = 0) =>
        new("wh-1", new(position, delivered, [], [], [], []));
}
