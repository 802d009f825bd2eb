using VideoScale.ControlPlane.Clocks;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Outcomes;
using VideoScale.ControlPlane.Requests;
using VideoScale.ControlPlane.Rooms;
using VideoScale.Harness;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Tests.Core;

public sealed class RequestResultsTests
{
    private static readonly RoomCommand.Create Create = new(new("r"), RoomSettings.Default);

    [Fact]
    public void A_refusal_is_kept_and_replayed_even_when_it_would_pass_now()
    {
        var bed = new Bed();
        var key = new RequestKey("CloseRoom", "a", 1);
        Assert.Equal(FailureCode.NotFound, bed.Do(new RoomCommand.Close(new("r"), Epoch.None), key).Failure!.Code);
        Assert.Empty(bed.Events); // a refusal changes nothing; who was refused is recorded by a command of its own
        bed.Do(Create);
        var again = bed.Do(new RoomCommand.Close(new("r"), Epoch.None), key);
        Assert.True(again.Replayed);
        Assert.Equal(FailureCode.NotFound, again.Failure!.Code);
        Assert.True(bed.Get("r").IsOpen);
    }

    [Fact]
    public void The_same_id_with_another_body_is_refused_and_another_subject_or_method_is_another_request()
    {
        var bed = new Bed();
        Assert.Null(bed.Do(Create, new("CreateRoom", "a", 1)).Failure);
        var other = bed.Do(Create, new("CreateRoom", "a", 2));
        Assert.Equal(FailureCode.InvalidArgument, other.Failure!.Code);
        Assert.StartsWith("request_id: \"a\" was used for another CreateRoom", other.Failure.Message, StringComparison.Ordinal);
        Assert.Equal(FailureCode.AlreadyExists, bed.Do(Create, new("OtherMethod", "a", 1)).Failure!.Code);
        Assert.Equal(FailureCode.AlreadyExists,
            bed.Run(new(Create, new("someone else", ActorKind.Operator, ActorAuthMethod.Token), new("CreateRoom", "a", 1))).Failure!.Code);
        Assert.NotEqual(Fingerprint.Of("ab", new("c", "d", 0)), Fingerprint.Of("a", new("bc", "d", 0)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("12345678901234567890123456789012345678901234567890123456789012345")]
    public void A_bad_id_is_refused_with_the_rule(string id) =>
        Assert.Equal($"request_id: {id.Length} characters break the rule: 1 to 64", new Bed().Do(Create, new("M", id, 1)).Failure!.Message);

    [Fact]
    public void Answers_are_dropped_after_25_hours_and_memory_with_them()
    {
        var bed = new Bed();
        var empty = bed.Results.Hash();
        for (var i = 0; i < 100; i++) bed.Do(Create, new("M", "id" + i, 1));
        Assert.Equal(100, bed.Results.Count);
        bed.Pass(RequestResults.KeepMs - 1);
        bed.Results.Advance(bed.Now);
        Assert.Equal(100, bed.Results.Count);
        bed.Pass(60_001);
        bed.Results.Advance(bed.Now);
        Assert.Equal(0, bed.Results.Count);
        Assert.Equal(empty, bed.Results.Hash() - (UInt128)(ulong)bed.Results.NowMs); // nothing left in the sum
    }

    [Fact]
    public void An_id_with_a_time_inside_is_refused_when_old_and_never_run_a_second_time()
    {
        var bed = new Bed();
        bed.Do(Create);
        string IdAt(long ms) => Guid.CreateVersion7(DateTimeOffset.FromUnixTimeMilliseconds(ms)).ToString();
        var now = bed.Now.UnixMs;
        bed.Results.Advance(bed.Now);
        Assert.Contains("at most 24 h old", bed.Do(Create, new("M", IdAt(now - RequestResults.OldestMs - 1), 1)).Failure!.Message,
            StringComparison.Ordinal);
        Assert.Contains("at most 1 h ahead", bed.Do(Create, new("M", IdAt(now + RequestResults.FurthestAheadMs + 1), 1)).Failure!.Message,
            StringComparison.Ordinal);
        // Used at the earliest moment; tried again at every minute of the following days: kept, or refused, never new.
        var key = new RequestKey("M", IdAt(now + RequestResults.FurthestAheadMs), 1);
        bed.Do(Create, key);
        var events = bed.Events.Count;
        for (var minute = 0; minute < 27 * 60; minute++)
        {
            bed.Pass(60_000);
            bed.Do(Create, key);
            Assert.Equal(events, bed.Events.Count);
        }
        Assert.Equal(0, bed.Results.Count);
    }

    [Theory]
    [InlineData("018bcfe5-687b-7fff-bfff-ffffffffffff", 1_700_000_000_123)]
    [InlineData("018bcfe5687b7fffbfffffffffffffff", 1_700_000_000_123)]
    [InlineData("018bcfe5-687b-4fff-bfff-ffffffffffff", null)]
    [InlineData("not-a-uuid", null)]
    public void Only_version_7_has_a_time(string id, long? ms) => Assert.Equal(ms, UuidV7.TimeOf(id)?.UnixMs);

    [Fact]
    public void A_snapshot_of_answers_is_the_same_whatever_came_before_and_unharmed_by_what_comes_after() => Seeds.Run(20, random =>
    {
        var results = new RequestResults();
        var now = 1_700_000_000_000L;
        void Add(int from, int count)
        {
            for (var i = from; i < from + count; i++)
            {
                results.Advance(new(now += random.Next(4_000)));
                var request = new RequestKey("M", "id" + i, (UInt128)i);
                Assert.Null(results.Find("op", request, out var key));
                results.Store(key, request,
                    new((ulong)i, 0, Failure.Precondition(new string('x', random.Next(300))), CommandOutcome.Empty));
            }
        }
        Add(0, 400);
        var hash = results.Hash();
        var captured = results.Capture();
        Add(400, 300);
        using var stream = new MemoryStream();
        captured.WriteTo(stream);
        stream.Position = 0;
        var restored = CapturedResults.Restore(stream);
        Assert.Equal((hash, 400), (restored.Hash(), restored.Count));
        using var again = new MemoryStream();
        restored.Capture().WriteTo(again);
        Assert.Equal(stream.ToArray(), again.ToArray());
        Assert.NotNull(restored.Find("op", new("M", "id399", 399), out _));
        Assert.Null(restored.Find("op", new("M", "id400", 400), out _));
    });

    [Fact]
    public void A_step_over_a_time_in_which_nothing_ran_drops_no_answer_however_often_it_is_told()
    {
        var results = new RequestResults();
        results.Advance(new(0), new(1_000), new(new(1_000)));
        Store(results, "a");
        var week = 168 * 3_600_000L;
        var step = new TimeStep(new(1_000), new(week));
        results.Advance(new(1_000), new(week + 10), new(new(week + 10), new LogTime(week + 10), step));
        results.Advance(new(week + 10), new(week + 20), new(new(week + 20), new LogTime(week + 20), step));
        Assert.Equal((1, 1_020), (results.Count, results.NowMs));
        results.Advance(new(week + 20), new(week + 20 + RequestResults.KeepMs + 60_000),
            new(new(week + 20 + RequestResults.KeepMs + 60_000)));
        Assert.Equal(0, results.Count);
    }

    [Fact]
    public void While_log_time_is_not_what_the_clocks_say_ids_are_as_old_as_the_clocks_say_and_still_never_run_twice() =>
        Seeds.Run(50, random =>
    {
        var results = new RequestResults();
        string IdAt(long ms) => Guid.CreateVersion7(DateTimeOffset.FromUnixTimeMilliseconds(ms)).ToString();
        var clock = 1_700_000_000_000L;
        var log = new LogTime(clock + random.NextInt64(-100, 100) * 3_600_000);
        void Pass(long ms)
        {
            var (before, elapsed) = (log, ms + random.NextInt64(-ms / LogClock.SlewPart, ms / LogClock.SlewPart + 1));
            (log, clock) = (new(log.UnixMs + elapsed), clock + ms);
            results.Advance(before, log, new(log, new LogTime(clock)));
        }
        results.Advance(new(0), log, new(log, new LogTime(clock)));
        Pass(60_000);
        Assert.Null(results.Find("op", new("M", IdAt(clock), 1), out _));
        Assert.Contains("ahead", results.Find("op", new("M", IdAt(clock + RequestResults.FurthestAheadMs + 1), 1), out _)!.Failure!.Message,
            StringComparison.Ordinal);
        var id = IdAt(clock + random.NextInt64(-RequestResults.OldestByClocksMs, RequestResults.FurthestAheadMs));
        Store(results, id);
        while (results.Count > 0)
        {
            Assert.True(results.Find("op", new("M", id, 1), out _)!.Replayed);
            Pass(random.NextInt64(60_000, 3_600_000));
        }
        Assert.Contains("at most 23 h old", results.Find("op", new("M", id, 1), out _)!.Failure!.Message, StringComparison.Ordinal);
    });

    private static void Store(RequestResults results, string id)
    {
        var request = new RequestKey("M", id, 1);
        Assert.Null(results.Find("op", request, out var key));
        results.Store(key, request, new CommandReply(1, 0, null, CommandOutcome.Empty));
    }
}
