using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.Participants;
using VideoScale.ControlPlane.Rooms;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Tests.HostTests;

/// <summary>Two commands of one entry: whoever asked is told what became of what was asked for.</summary>
public sealed class PairTests
{
    [Fact]
    public async Task A_second_that_took_effect_is_told_though_the_first_was_refused()
    {
        await using var leader = await LeadsAsync();
        var both = await SubmitAsync(leader, Create("r"), Admit("r", "ann"));
        Assert.True(both is { Status: SubmitStatus.Applied, IsOfSecond: true, Reply.Failure: null });
        var second = await SubmitAsync(leader, Create("r"), Admit("r", "bob")); // there is one already
        Assert.True(second is { Status: SubmitStatus.Applied, IsOfSecond: true, Reply: { Failure: null, EventSeq: > 0 } });
    }

    [Fact]
    public async Task Why_neither_could_be_is_what_the_first_was_refused_for()
    {
        await using var leader = await LeadsAsync();
        Assert.Null((await SubmitAsync(leader, Create("r"), Admit("r", "ann"))).Reply!.Failure);
        var result = await SubmitAsync(leader, Create("r"), Admit("nowhere", "ann"));
        Assert.False(result.IsOfSecond);
        Assert.Equal(FailureCode.AlreadyExists, result.Reply!.Failure!.Code);
    }

    private static async Task<LoneLeader> LeadsAsync()
    {
        var leader = new LoneLeader();
        await leader.LeadsAsync();
        await leader.RegisterAsync("media-0");
        return leader;
    }

    private static RoomCommand.Create Create(string room) => new(new(room), RoomSettings.Default);

    private static ParticipantCommand.Admit Admit(string room, string identity) =>
        new(new(room), new(identity), ParticipantRole.Publisher);

    private static ValueTask<SubmitResult> SubmitAsync(LoneLeader leader, DomainCommand first, DomainCommand then)
    {
        var actor = new Actor("gateway", ActorKind.Operator, ActorAuthMethod.Token);
        return leader.Pipeline.SubmitAsync(new(first, actor), new(then, actor), CancellationToken.None);
    }
}
