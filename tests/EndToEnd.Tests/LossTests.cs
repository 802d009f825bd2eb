using VideoScale.Harness.Browsers;
using VideoScale.Harness.Links;
using VideoScale.Harness.Processes;
using VideoScale.V1;
using Xunit.Abstractions;

namespace VideoScale.EndToEnd.Tests;

/// <summary>Calls of stock clients over bad paths: media is repaired, and what was bad is told as it was.</summary>
public sealed class LossTests(LossyStage stage, ITestOutputHelper output) : IClassFixture<LossyStage>
{
    private const int DelayMs = 50;
    /// <summary>Milliseconds that a machine short of time may make of a round trip.</summary>
    private const double Slow = 2_000;

    [Fact]
    public async Task A_call_goes_on_over_a_long_lossy_path_and_its_loss_is_told_as_it_was()
    {
        const int Percent = 5;
        const string room = "loss";
        var (ann, up) = await stage.JoinAsync(room, "ann");
        await using var _ = ann;
        await ann.PublishAsync(height: Caller.ThreeLayers);
        var (bob, down) = await stage.JoinAsync(room, "bob");
        await using var __ = bob;
        await bob.SeesAsync("ann");
        var bad = new LinkPolicy(Percent / 100.0, DelayMs);
        up.Set(bad);
        down.Set(bad);
        var (upBefore, downBefore) = (up.UpCount, down.DownCount);
        var (before, shown) = (await stage.MeasureAsync(room), await bob.ReceivedAsync("ann", "video"));
        // As many as a quarter of a minute loses of the smallest stream and its sound: what a slow machine's browser sends is far less than
        // what a quick one's does.
        var awaited = 10 * Percent;
        await Eventually.HoldsAsync(() => (up.UpCount - upBefore).MediaLost > awaited && (down.DownCount - downBefore).MediaLost > awaited,
            "packets are lost both ways", details: () => $"up {up.UpCount - upBefore}, down {down.DownCount - downBefore}");
        await bob.SeesAsync("ann", frames: 60);
        // A smoothed figure: it is learned with every packet that is sent again.
        await Eventually.HoldsAsync(async () => Participant(await stage.MeasureAsync(room), "ann")
            .Published.Any(stream => stream.Kind == "video" && stream.RoundTripMs >= 2 * DelayMs * 0.9), "the node learns the round trip");
        var after = await stage.MeasureAsync(room);
        var (upPath, downPath) = (up.UpCount - upBefore, down.DownCount - downBefore);
        var now = (await bob.ReceivedAsync("ann", "video"))!;
        output.WriteLine(
            $"relay: up {upPath}, down {downPath}\nbrowser: {now.Packets - shown!.Packets} packets, {now.Nacks} asked, "
            + $"{now.Retransmitted} resent, {now.Plis} key frames, {now.Freezes} freezes\n{after}");

        // From the publisher to the node: repaired, and the loss is what the relay dropped.
        var (sent, sentBefore) = (Participant(after, "ann").Published, Participant(before, "ann").Published);
        Assert.InRange(Sum(sent, s => s.LostOnTheWay) - Sum(sentBefore, s => s.LostOnTheWay), upPath.MediaLost * 0.5, Most(upPath));
        Assert.True(Sum(sent, s => s.Recovered) > Sum(sentBefore, s => s.Recovered), "the node had packets sent again");
        Assert.InRange(Participant(after, "ann").LossUpPerMyriad, Percent * 30u, Percent * 300u + 200);
        Assert.InRange(sent.Where(stream => stream.Kind == "video").Max(stream => stream.RoundTripMs), 2 * DelayMs * 0.9, Slow);
        // From the node to the subscriber.
        var (received, receivedBefore) = (Participant(after, "bob").Received, Participant(before, "bob").Received);
        Assert.InRange(received.Sum(s => (double)s.Lost) - receivedBefore.Sum(s => (double)s.Lost), downPath.MediaLost * 0.4,
            Most(downPath));
        var video = received.Single(stream => stream.Kind == "video");
        Assert.True(video.NacksReceived > 0 && video.Retransmissions > 0, "the subscriber had packets sent again");
        Assert.InRange(video.RoundTripMs, 2 * DelayMs * 0.9, Slow);
        Assert.InRange(Participant(after, "bob").RoundTripMs, 2 * DelayMs * 0.9, Slow);
        Assert.True(now.Nacks > shown.Nacks && now.Retransmitted > shown.Retransmitted, "and says so");

        await TellsAsync(bob, "ann", "good", "poor");
        up.Set(LinkPolicy.Clear);
        down.Set(LinkPolicy.Clear);
        await TellsAsync(bob, "ann", "excellent");
        await TellsAsync(ann, "bob", "excellent");
    }

    [Fact]
    public async Task Libwebrtc_goes_on_at_five_percent_too()
    {
        const string Room = "loss-native";
        var (ann, up) = await stage.JoinAsync(Room, "ann");
        await using var _ = ann;
        await ann.PublishAsync();
        var before = stage.Relay.Clients.Count;
        using var cat = new NodeClient("listener.mjs", stage.SignalUrl, Tokens.Join(Room, "cat"));
        var path = await stage.PathAfterAsync(before, "cat", () => cat.Output);
        up.Set(new LinkPolicy(0.05, DelayMs));
        path.Set(new LinkPolicy(0.05, DelayMs, JitterMs: 5));
        await cat.HasAsync("frame", "ann", times: 3);
        await cat.HasAsync("sound", "ann");
        await ann.SeesAsync("cat", frames: 40);
        await Eventually.HoldsAsync(async () => Participant(await stage.MeasureAsync(Room), "cat") is { } measured
            && measured.Published.Any(stream => stream.Recovered > 0) && measured.Received.Any(stream => stream.Retransmissions > 0),
                "packets are repaired both ways", details: () =>
                $"{stage.MeasureAsync(Room).Result} up {path.UpCount} down {path.DownCount}\n{cat.Output}");
    }

    [Fact]
    public async Task A_blocked_path_is_told_as_the_freeze_and_the_gap_it_was()
    {
        const string Room = "frozen";
        var (ann, up) = await stage.JoinAsync(Room, "ann");
        await using var _ = ann;
        await ann.PublishAsync(height: Caller.ThreeLayers);
        var (bob, _) = await stage.JoinAsync(Room, "bob");
        await using var __ = bob;
        await bob.SeesAsync("ann", frames: 60);
        await Eventually.HoldsAsync(async () => await LayerAsync(Room, "bob") == 2, "bob gets the largest layer");
        await bob.SeesAsync("ann", frames: 60);
        var (before, shown) = (await stage.MeasureAsync(Room), (await bob.ReceivedAsync("ann", "video"))!.Freezes);
        up.Up = new LinkPolicy(Blocked: true);
        await Task.Delay(1_500); // how long the path is blocked; nothing is measured by it
        up.Up = LinkPolicy.Clear;
        await bob.SeesAsync("ann", frames: 60);
        await Eventually.HoldsAsync(async () => (await bob.ReceivedAsync("ann", "video"))!.Freezes > shown, "the browser counts a freeze");
        var after = await stage.MeasureAsync(Room);
        output.WriteLine($"{before}\n{after}");
        var (sent, sentBefore) = (Participant(after, "ann").Published, Participant(before, "ann").Published);
        // A machine short of time may add one of its own.
        var largest = sent.Single(stream => stream.Rid == "f");
        Assert.InRange(largest.Freezes - sentBefore.Single(stream => stream.Rid == "f").Freezes, 1UL, 3UL);
        Assert.InRange(largest.FrozenMs - sentBefore.Single(stream => stream.Rid == "f").FrozenMs, 1_000, 10_000);
        Assert.InRange(Sum(sent, stream => stream.AudioGaps) - Sum(sentBefore, stream => stream.AudioGaps), 1, 3);
        Assert.InRange(Participant(after, "bob").Received.Single(stream => stream.Kind == "video").Freezes - Participant(before, "bob")
            .Received.Single(stream => stream.Kind == "video").Freezes, 1UL, 3UL);
        var told = await stage.CtlAsync("room", "stats", Room);
        Assert.True(told.ExitCode == 0 && told.Output.Contains("FREEZES", StringComparison.Ordinal)
            && told.Output.Contains("ann", StringComparison.Ordinal), told.Output + told.Errors);
    }

    [Fact]
    public async Task A_narrow_path_gets_the_layer_that_fits_and_a_silent_client_is_told_as_lost()
    {
        const string Room = "narrow";
        var (ann, _) = await stage.JoinAsync(Room, "ann");
        await using var _ = ann;
        await ann.PublishAsync(microphone: false, height: Caller.ThreeLayers);
        var (bob, down) = await stage.JoinAsync(Room, "bob");
        await using var __ = bob;
        await bob.SeesAsync("ann");
        await Eventually.HoldsAsync(async () => await LayerAsync(Room, "bob") == 2, "bob gets the largest layer");
        down.Down = new LinkPolicy(Kbps: 600);
        await Eventually.HoldsAsync(async () => await LayerAsync(Room, "bob") is 0 or 1, "bob gets a smaller layer",
            details: () => stage.MeasureAsync(Room).Result.ToString());
        await bob.SeesAsync("ann", frames: 40);
        Assert.Equal(2, Participant(await stage.MeasureAsync(Room), "bob").Received.Single().WantedLayer);
        down.Set(new LinkPolicy(Blocked: true));
        await TellsAsync(ann, "bob", "lost");
        down.Set(LinkPolicy.Clear);
        await TellsAsync(ann, "bob", "excellent", "good");
    }

    /// <summary>A machine short of time loses packets of its own, at sockets.</summary>
    private static double Most(LinkCount path) => path.MediaLost * 2 + path.Media * 0.02 + 20;

    private async Task<int> LayerAsync(string room, string identity) =>
        Participant(await stage.MeasureAsync(room), identity).Received.Single(stream => stream.Kind == "video").Layer;

    private static ParticipantStatistics Participant(GetRoomStatisticsReply reply, string identity) =>
        reply.Participants.Single(participant => participant.Identity == identity);

    private static double Sum(IEnumerable<IncomingStream> streams, Func<IncomingStream, ulong> count) =>
        streams.Sum(stream => (double)count(stream));

    /// <summary>Waits until a client was last told that another's connection is so.</summary>
    private static Task TellsAsync(Caller caller, string of, params string[] qualities) => Eventually.HoldsAsync(async () =>
        {
            var last = await caller.RunAsync(
                $"events.filter((e) => e.kind === 'quality' && e.detail.startsWith('{of} ')).at(-1)?.detail.split(' ')[1] ?? ''");
            return qualities.Contains(last.GetString());
        }, $"{caller.Identity} hears that {of}'s connection is {string.Join(" or ", qualities)}", details: () => caller.Story);
}
