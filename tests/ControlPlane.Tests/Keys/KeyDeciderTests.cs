using VideoScale.ControlPlane.Keys;
using VideoScale.ControlPlane.State;
using VideoScale.ControlPlane.Tests.Core;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Tests.Keys;

/// <summary>What every replica holds of API keys and revoked tokens.</summary>
public sealed class KeyDeciderTests
{
    private static readonly SealedSecret One = new([1, 1]), Two = new([2, 2]);

    private static ApiKeyRecord? Key(Bed bed, string name = "web") => bed.State.Keys?.Find(name);

    [Fact]
    public void A_key_is_made_changed_disabled_and_then_deleted()
    {
        var bed = new Bed();
        bed.Must(new KeyCommand.Create("web", One));
        bed.Refused(FailureCode.AlreadyExists, new KeyCommand.Create("web", Two));
        bed.Must(new KeyCommand.Rotate("web", Two, 3_600_000));
        Assert.Equal((Two, One, bed.State.LastTime.UnixMs + 3_600_000), (Key(bed)!.Secret, Key(bed)!.Former, Key(bed)!.FormerUntilMs));
        bed.Must(new KeyCommand.Rotate("web", One, 0));
        Assert.True(Key(bed)!.Former.IsNone);
        bed.Refused(FailureCode.FailedPrecondition, new KeyCommand.Delete("web"));
        bed.Must(new KeyCommand.SetEnabled("web", false));
        var events = bed.Events.Count;
        bed.Must(new KeyCommand.SetEnabled("web", false));
        Assert.Equal(events, bed.Events.Count);
        bed.Must(new KeyCommand.Delete("web"));
        Assert.Null(Key(bed));
        bed.Refused(FailureCode.NotFound, new KeyCommand.Rotate("web", One, 0));
    }

    [Fact]
    public void What_is_out_of_bounds_is_refused()
    {
        var bed = new Bed();
        bed.Refused(FailureCode.InvalidArgument, new KeyCommand.Create("no name", One));
        bed.Refused(FailureCode.InvalidArgument, new KeyCommand.Create("web", SealedSecret.None));
        bed.Refused(FailureCode.InvalidArgument, new KeyCommand.Create("web", new([.. new byte[513]])));
        bed.Must(new KeyCommand.Create("web", One));
        bed.Refused(FailureCode.InvalidArgument, new KeyCommand.Rotate("web", Two, 31UL * 24 * 3_600_000));
        var now = bed.State.LastTime.UnixMs;
        foreach (var wrong in (TokenRevocation[])[new("web", "", now, now), new("web", "", now, now + 367L * 24 * 3_600_000),
            new("web", "", now + 600_000, now + 3_600_000), new("web", new string('x', 2_000), now, now + 3_600_000)])
            bed.Refused(FailureCode.InvalidArgument, new KeyCommand.RevokeTokens(wrong));
    }

    [Theory]
    [InlineData("web", "ann", 99L, true)]
    [InlineData("web", "ann", 100L, false)]
    [InlineData("web", "ann", null, true)]
    [InlineData("web", "bob", 1L, false)]
    [InlineData("app", "ann", 1L, false)]
    public void A_revocation_covers_a_key_a_subject_and_what_was_issued_before(string key, string subject, long? issued, bool covers)
    {
        var revocation = new TokenRevocation("web", "ann", 100, 1_000);
        Assert.Equal(covers, revocation.Covers(key, subject, issued, nowMs: 500));
        Assert.False(revocation.Covers(key, subject, issued, nowMs: 1_000));
        Assert.Equal(covers || (key == "web" && issued < 100), (revocation with { Subject = "" }).Covers(key, subject, issued, 500));
    }

    [Fact]
    public void One_that_covers_another_takes_its_place()
    {
        var bed = new Bed();
        bed.Must(new KeyCommand.Create("web", One)); // log time begins
        var now = bed.State.LastTime.UnixMs;
        bed.Must(new KeyCommand.RevokeTokens(new("web", "ann", now - 50, now + 100_000)));
        bed.Must(new KeyCommand.RevokeTokens(new("web", "bob", now - 50, now + 100_000)));
        bed.Must(new KeyCommand.RevokeTokens(new("web", "ann", now - 20, now + 200_000)));
        Assert.Equal(["bob", "ann"], bed.State.Keys!.Revocations.Select(one => one.Subject));
        bed.Must(new KeyCommand.RevokeTokens(new("web", "ann", now - 30, now + 900_000))); // longer, but not of all
        Assert.Equal(3, bed.State.Keys!.Revocations.Length);
    }

    [Fact]
    public void A_snapshot_holds_all_of_it()
    {
        var bed = new Bed();
        bed.Must(new KeyCommand.Create("web", One));
        bed.Must(new KeyCommand.Create("app", Two));
        bed.Must(new KeyCommand.Rotate("web", Two, 60_000));
        bed.Must(new KeyCommand.SetEnabled("app", false));
        var now = bed.State.LastTime.UnixMs;
        bed.Must(new KeyCommand.RevokeTokens(new("web", "ann", now, now + 60_000)));
        using var stream = new MemoryStream();
        bed.State.Capture().WriteTo(stream);
        stream.Position = 0;
        var restored = CapturedState.Restore(stream);
        Assert.Equal(bed.State.Keys!.Keys.AsEnumerable(), restored.Keys!.Keys);
        Assert.Equal(bed.State.Keys.Revocations.AsEnumerable(), restored.Keys.Revocations);
        Assert.Equal(bed.State.StateHash(), restored.StateHash());
    }
}
