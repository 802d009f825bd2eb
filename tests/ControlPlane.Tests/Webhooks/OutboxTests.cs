using VideoScale.ControlPlane.Webhooks;
using VideoScale.Harness;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Tests.Webhooks;

public sealed class OutboxTests
{
    private static readonly OutboxRules Small = new(GiveUpAfterMs: long.MaxValue / 2, Window: 12, Together: 4) { HeldWindow = 3 };

    [Fact]
    public void Every_message_is_taken_and_first_in_the_order_of_its_room_whatever_fails_and_whoever_dies() => Seeds.Run(400, random =>
    {
        var world = new OutboxWorld(random, Small);
        var share = random.Next(0, 60);
        world.Takes = (_, _) => random.Next(100) >= share;
        for (var i = 0; i < 400; i++)
        {
            switch (random.Next(12))
            {
                case 0 or 1 or 2: world.Happen(random.Next(OutboxWorld.Rooms), random.Next(0, 4)); break;
                case 3: world.Pass(random.Next(3_000)); break;
                case 4: world.Mark(); break;
                case 5 when random.Next(6) == 0: world.Kill(); break;
                default: world.Step(); world.Answer(); break;
            }
        }
        world.Takes = (_, _) => true;
        world.Drain();
        Assert.Equal(world.Told.Keys.Order(), world.Taken.Distinct().Order());
        AssertOrdered(world);
        Assert.Empty(world.Record.Held);
    });

    [Fact]
    public void A_room_whose_message_is_never_taken_holds_nobody_up_and_goes_on_where_it_was() => Seeds.Run(200, random =>
    {
        var world = new OutboxWorld(random, Small);
        var poisoned = new RoomId("r0");
        var isCured = false;
        world.Takes = (_, room) => isCured || room != poisoned;
        for (var i = 0; i < 300; i++)
        {
            if (random.Next(3) > 0) world.Happen(random.Next(OutboxWorld.Rooms), random.Next(1, 3));
            for (var answers = random.Next(4); answers > 0; answers--)
            {
                world.Step();
                world.Answer();
            }
            world.Pass(random.Next(400));
            if (random.Next(10) == 0) world.Mark();
            if (random.Next(80) == 0) world.Kill();
        }
        // The poisoned room never has its way: all others have, in bounded memory, before it is cured.
        for (var i = 0; i < 4_000; i++)
        {
            world.Step();
            world.Answer();
            world.Pass(50);
        }
        world.Mark();
        var others = world.Told.Where(told => told.Value != poisoned).Select(told => told.Key).Order();
        Assert.Equal(others, world.Taken.Distinct().Order());
        Assert.True(world.MostInMemory <= Small.Window + 2 + Small.HeldWindow * OutboxWorld.Rooms + 8, $"{world.MostInMemory} in memory");
        if (random.Next(2) == 0) world.Kill();
        isCured = true;
        world.Drain();
        Assert.Equal(world.Told.Keys.Order(), world.Taken.Distinct().Order());
        AssertOrdered(world);
        Assert.Empty(world.Record.Held);
    });

    [Fact]
    public void What_is_too_old_is_a_dead_letter_its_room_goes_on_and_a_replay_settles_it()
    {
        var world = new OutboxWorld(new Random(1), new OutboxRules(GiveUpAfterMs: 10_000));
        world.Happen(0, 1);
        world.Happen(0, 1);
        world.Happen(1, 1);
        var bad = world.Told.Keys.Min();
        world.Takes = (message, _) => message != bad;
        world.Drain();
        var letter = Assert.Single(world.Record.Dead);
        Assert.Equal((bad, "r0", "participant_left", "status 500"), (letter.Message, letter.Room.Value, letter.Event, letter.Error));
        Assert.True(letter.Attempts >= 5, $"{letter.Attempts} attempts");
        Assert.Equal(world.Told.Keys.Except([bad]).Order(), world.Taken.Order());

        world.Replay();
        world.Drain();
        Assert.False(Assert.Single(world.Record.Dead).IsReplayed); // it was not taken: dead again

        world.Takes = (_, _) => true;
        world.Replay();
        world.Drain();
        Assert.Empty(world.Record.Dead);
        Assert.Equal(world.Told.Keys.Order(), world.Taken.Order());
    }

    [Fact]
    public void With_a_thousand_dead_letters_nothing_more_is_given_up()
    {
        var world = new OutboxWorld(new Random(1), new OutboxRules(GiveUpAfterMs: 0));
        world.Takes = (_, _) => false;
        for (var i = 0; i < 1_100; i++) world.Happen(i % 50, 1);
        for (var i = 0; i < 60_000 && world.Record.Dead.Length < WebhookRecord.MaxDead; i++)
        {
            world.Step();
            world.Answer();
            world.Pass(31_000);
            if (i % 50 == 0) world.Mark();
        }
        for (var i = 0; i < 2_000; i++)
        {
            world.Step();
            world.Answer();
            world.Pass(31_000);
        }
        world.Mark();
        Assert.Equal(WebhookRecord.MaxDead, world.Record.Dead.Length);
        world.Takes = (_, _) => true;
        world.Drain();
        Assert.Equal(100, world.Taken.Count);
    }

    [Fact]
    public void A_receiver_that_is_down_is_asked_one_at_a_time_and_then_all_go_on()
    {
        var world = new OutboxWorld(new Random(1), new OutboxRules(GiveUpAfterMs: long.MaxValue / 2));
        for (var i = 0; i < 40; i++) world.Happen(i, 1);
        world.Takes = (_, _) => false;
        for (var i = 0; i < 100; i++)
        {
            world.Step();
            world.Answer();
        }
        Assert.True(world.Outbox.IsDown);
        world.Pass(60_000);
        world.Step();
        Assert.Equal(1, world.Outbox.UnderWay);
        world.Takes = (_, _) => true;
        world.Answer();
        Assert.False(world.Outbox.IsDown);
        world.Drain();
        Assert.Equal(40, world.Taken.Count);
    }

    [Fact]
    public void What_nobody_is_told_of_moves_no_position()
    {
        var world = new OutboxWorld(new Random(1), Small);
        for (var i = 0; i < 20; i++) world.Happen(i % 3, 0);
        world.Step();
        Assert.Null(world.Outbox.Mark());
    }

    [Fact]
    public void Pauses_grow_to_their_longest_and_half_of_each_is_chance()
    {
        var rules = new OutboxRules(0);
        Assert.Equal((125, 250), (rules.PauseMs(1, 60_000, _ => 0), rules.PauseMs(1, 60_000, below => below - 1)));
        Assert.Equal((500, 1_000), (rules.PauseMs(3, 60_000, _ => 0), rules.PauseMs(3, 60_000, below => below - 1)));
        Assert.Equal((30_000, 60_000), (rules.PauseMs(5_000, 60_000, _ => 0), rules.PauseMs(5_000, 60_000, below => below - 1)));
    }

    /// <summary>By when each was taken first: what is repeated after a leader died was there before.</summary>
    private static void AssertOrdered(OutboxWorld world)
    {
        foreach (var room in world.Taken.Distinct().GroupBy(message => world.Told[message]))
            Assert.Equal(room.Order(), room);
    }
}
