using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using VideoScale.Consensus;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Host.Clocks;
using VideoScale.ControlPlane.Rooms;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Tests.HostTests;

/// <summary>What a replica knows of the others' clocks and programs right after a start, and how soon.</summary>
public sealed class ClockExchangeTests
{
    private static readonly DateTimeOffset Now = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly LogTime AWeekAgo = new(Now.AddDays(-7).ToUnixTimeMilliseconds());

    private sealed class Members : IMemberClocks
    {
        internal Dictionary<MemberId, Task<ClockAnswer>> Answers { get; } = [];
        public Task<ClockAnswer> AskAsync(MemberId member, CancellationToken cancellationToken) => Answers[member];
    }

    private readonly SetClock _boot = new();
    private readonly Members _members = new();
    private readonly LogTimeSource _time;
    private readonly ClockExchange _exchange;

    public ClockExchangeTests()
    {
        var clock = new FakeTimeProvider(Now);
        _time = new LogTimeSource(clock, _boot);
        var log = new StubLog(StubLog.StatusOf(Membership.Of(StubLog.One, StubLog.Two, StubLog.Three)));
        _exchange = new ClockExchange(_time, _members, log, clock, NullLogger<ClockExchange>.Instance);
        Say(StubLog.Two, Right);
        Say(StubLog.Three, Right);
    }

    private static ClockAnswer Right => new(Now.ToUnixTimeMilliseconds());
    private static ClockAnswer Old => new(null, IsOld: true);
    private void Say(MemberId member, ClockAnswer answer) => _members.Answers[member] = Task.FromResult(answer);

    private static CommandEnvelope Envelope(DomainCommand command, string requestId = "r") =>
        new(command, new Actor("a", ActorKind.Operator, ActorAuthMethod.Token), new RequestKey("m", requestId, default));

    private static CommandEnvelope MadeNow => Envelope(new RoomCommand.Close(new("r"), Epoch.None), Guid.CreateVersion7(Now).ToString("N"));

    [Fact]
    public async Task A_member_that_never_answers_does_not_hold_up_what_a_majority_says()
    {
        _time.Observed(AWeekAgo);
        var hangs = new TaskCompletionSource<ClockAnswer>();
        _members.Answers[StubLog.Three] = hangs.Task;
        var round = _exchange.RunOnceAsync(CancellationToken.None);
        Assert.False(round.IsCompleted);
        Assert.Equal(Now.ToUnixTimeMilliseconds(), _time.Now.UnixMs); // own clock and one other agree: two of three
        hangs.SetResult(default);
        await round;
    }

    [Fact]
    public async Task An_id_made_now_waits_for_the_first_comparison_after_a_stop_instead_of_being_refused_for_good()
    {
        _time.Observed(AWeekAgo);
        var comparison = new FirstComparison(_time);
        var waits = comparison.AwaitAsync(MadeNow, CancellationToken.None).AsTask();
        Assert.False(waits.IsCompleted);
        await _exchange.RunOnceAsync(CancellationToken.None);
        Assert.Null(await waits);
        Assert.Equal(Now.ToUnixTimeMilliseconds(), _time.Stamp().Time.UnixMs);
    }

    [Fact]
    public async Task Without_a_majority_it_is_to_be_repeated_and_ids_that_fit_log_time_pass()
    {
        _time.Observed(AWeekAgo);
        var comparison = new FirstComparison(_time);
        var refused = await comparison.AwaitAsync(MadeNow, new CancellationToken(canceled: true));
        Assert.Equal(FailureCode.Unavailable, refused?.Code);
        var ofThen = Envelope(new RoomCommand.Close(new("r"), Epoch.None), Guid.CreateVersion7(AWeekAgo.ToDateTimeOffset()).ToString("N"));
        Assert.Null(await comparison.AwaitAsync(ofThen, CancellationToken.None));
        Assert.Null(await comparison.AwaitAsync(Envelope(new RoomCommand.Close(new("r"), Epoch.None)), CancellationToken.None));
    }

    [Fact]
    public async Task Nothing_that_an_older_program_stops_at_is_proposed_before_every_member_was_asked()
    {
        var open = Envelope(new RoomCommand.Open(RoomName.IdOf("r"), "r", RoomPatch.Nothing, false));
        var comparison = new FirstComparison(_time);
        Assert.False(_time.MayExtend);
        Assert.Equal(FailureCode.Unavailable, (await comparison.AwaitAsync(open, new CancellationToken(canceled: true)))?.Code);
        Say(StubLog.Three, default); // not there yet
        await _exchange.RunOnceAsync(CancellationToken.None);
        Assert.False(_time.MayExtend);
        _boot.Pass(3_000); // away: nobody waits for it
        await _exchange.RunOnceAsync(CancellationToken.None);
        Assert.True(_time.MayExtend);
        Assert.Null(await comparison.AwaitAsync(open, CancellationToken.None));
        Say(StubLog.Three, Old);
        await _exchange.RunOnceAsync(CancellationToken.None);
        Assert.False(_time.MayExtend);
        Assert.Null(await comparison.AwaitAsync(open, CancellationToken.None)); // that is known: it is refused, not held
    }

    [Fact]
    public async Task An_older_program_is_remembered_over_its_silence_until_it_says_otherwise()
    {
        Say(StubLog.Three, Old);
        await _exchange.RunOnceAsync(CancellationToken.None);
        Say(StubLog.Three, default);
        for (var i = 0; i < 10; i++, _boot.Pass(60_000))
        {
            await _exchange.RunOnceAsync(CancellationToken.None);
            Assert.False(_time.MayExtend);
        }
        Say(StubLog.Three, Right);
        await _exchange.RunOnceAsync(CancellationToken.None);
        Assert.True(_time.MayExtend);
    }
}
