using VideoScale.Chaos.Linearizability;

namespace VideoScale.Chaos.Tests;

/// <summary>What the checker says of histories, beside a search that is written differently and leaves nothing out.</summary>
public sealed class LinearizabilityTests
{
    private static readonly TimeSpan Enough = TimeSpan.FromMinutes(1);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void It_agrees_with_a_search_of_every_order_on_200_histories_half_of_them_with_a_fault(bool isMovedBySystem)
    {
        var found = new Dictionary<string, int>();
        for (var seed = 0; seed < 200; seed++)
        {
            var history = RoomHistories.Draw(new Random(seed), isMovedBySystem);
            var fault = seed % 2 == 0 ? "none" : RoomHistories.Faults[seed / 2 % RoomHistories.Faults.Count];
            if (seed % 2 == 1) history = RoomHistories.Spoil(history, fault, new Random(seed));
            var checker = Check(isMovedBySystem, history).Outcome == Linearizability.Linearizability.Holds;
            Assert.True(EveryOrder.Has(history, isMovedBySystem) == checker,
                $"seed {seed}, {fault}: the checker says {checker}:\n{string.Join('\n', history)}");
            if (fault == "none") Assert.True(checker, $"seed {seed}");
            else if (!checker) found[fault] = found.GetValueOrDefault(fault) + 1;
        }
        Assert.All(RoomHistories.Faults, fault => Assert.True(found.GetValueOrDefault(fault) >= 5,
            $"{fault}: {found.GetValueOrDefault(fault)} of 25 were found"));
    }

    [Fact]
    public void A_write_without_an_answer_may_take_effect_at_any_later_time_or_never()
    {
        RoomOperation create = Op(RoomCall.Create, 0, 1, (1, "a")), lost = Op(RoomCall.Close, 2, RoomOperation.Never, null);
        foreach (var last in (RoomOperation[])[Op(RoomCall.Read, 900, 901, (1, "a")), Op(RoomCall.Read, 900, 901, null)])
            Holds(create, lost, Op(RoomCall.Read, 100, 101, (1, "a")), last);
        Broken("nothing explains read by process 0 at 0.000 s (epoch 1 on a)", create, lost, Op(RoomCall.Read, 100, 101, null),
            Op(RoomCall.Read, 900, 901, (1, "a")));
    }

    [Fact]
    public void What_overlaps_may_have_been_in_either_order_and_what_does_not_may_not()
    {
        Holds(Op(RoomCall.Create, 0, 10, (1, "a")), Op(RoomCall.Read, 5, 6, null), Op(RoomCall.Read, 7, 8, (1, "a")));
        Broken(null, Op(RoomCall.Create, 0, 10, (1, "a")), Op(RoomCall.Read, 5, 6, (1, "a")), Op(RoomCall.Read, 7, 8, null));
        Broken(null, Op(RoomCall.Create, 0, 10, (1, "a")), Op(RoomCall.Read, 11, 12, null));
    }

    [Theory]
    [InlineData(1, "b")] // two owners under one epoch
    [InlineData(0, "")] // an epoch that is over
    public void Two_owners_of_an_epoch_and_an_older_epoch_are_found(ulong epoch, string node) =>
        Broken(null, Op(RoomCall.Create, 0, 1, (1, "a")), Op(RoomCall.Read, 2, 3, (1, "a")), Op(RoomCall.Read, 4, 5, (epoch, node)));

    [Fact]
    public void The_system_may_move_a_room_unless_it_is_told_that_nobody_does()
    {
        RoomOperation[] moved = [Op(RoomCall.Create, 0, 1, (1, "a")), Op(RoomCall.Read, 2, 3, (2, "b"))];
        Assert.Equal(Linearizability.Linearizability.Holds, Check(true, moved).Outcome);
        Assert.Equal(Linearizability.Linearizability.Broken, Check(false, moved).Outcome);
    }

    [Fact]
    public void Running_out_of_time_is_not_passing()
    {
        RoomOperation[] writes = [.. Enumerable.Range(0, 40).Select(static i => Op(i % 2 == 0 ? RoomCall.Create : RoomCall.Close, 0,
            RoomOperation.Never, null)), Op(RoomCall.Read, 10, 11, (1, "a")), Op(RoomCall.Read, 12, 13, (2, "b")),
                Op(RoomCall.Read, 14, 15, (1, "a"))];
        var found = new LinearizabilityChecker(TimeSpan.Zero, isMovedBySystem: true).Check(writes);
        Assert.Equal(Linearizability.Linearizability.OutOfTime, Assert.Single(found).Outcome);
    }

    [Fact]
    public void Rooms_are_checked_one_by_one()
    {
        RoomOperation[] operations = [.. Enumerable.Range(0, 500).SelectMany(static room => Enumerable.Range(0, 100).Select(i => Op(
            i == 0 ? RoomCall.Create : RoomCall.Read, 10 * i, 10 * i + 15, (1, "a")) with { Room = $"{room}" })),
            Op(RoomCall.Read, 5_000, 5_001, null) with { Room = "77" }];
        var found = new LinearizabilityChecker(Enough, isMovedBySystem: false).Check(operations);
        Assert.Equal(500, found.Count);
        Assert.Equal("77", Assert.Single(found, static room => room.Outcome != Linearizability.Linearizability.Holds).Room);
    }

    private static void Holds(params RoomOperation[] operations) =>
        Assert.Equal(Linearizability.Linearizability.Holds, Check(false, operations).Outcome);

    private static void Broken(string? detail, params RoomOperation[] operations)
    {
        var found = Check(false, operations);
        Assert.Equal(Linearizability.Linearizability.Broken, found.Outcome);
        if (detail is not null) Assert.Equal(detail, found.Detail);
    }

    private static RoomFinding Check(bool isMovedBySystem, IReadOnlyList<RoomOperation> operations) =>
        Assert.Single(new LinearizabilityChecker(Enough, isMovedBySystem).Check(operations));

    private static RoomOperation Op(RoomCall call, long began, long ended, (ulong Epoch, string Node)? told) =>
        new("room", call, 0, began, ended, told is { } one ? new Ownership(one.Epoch, one.Node) : null);
}
