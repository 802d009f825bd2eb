using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using VideoScale.Harness.Processes;

namespace VideoScale.Integration.Tests.Cli;

/// <summary><c>videoscale audit</c> against a cluster that serves, and against the directory of a replica that has stopped.</summary>
[Collection("processes")]
public sealed class AuditCommandTests : IDisposable
{
    private const int BasePort = 25_600;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly string _elsewhere = Directory.CreateTempSubdirectory("videoscale-audit-").FullName;

    public void Dispose() => Directory.Delete(_elsewhere, recursive: true);

    [Fact]
    public async Task A_live_cluster_and_a_stopped_replicas_directory_give_the_same_answers()
    {
        await using var cluster = await TestCluster.StartAsync(replicas: 3, media: 2, BasePort);
        string[] live = ["--server", string.Join(',', cluster.Replicas.Select(r => r.GrpcAddress)), "--timeout", "30"];
        ServerProcess[] hungUp = [cluster.Replicas[1], cluster.Media[0]];
        foreach (var server in hungUp) server.HangUp();
        await Done(["ctl", "room", "create", "standup", "--keep-when-empty", .. live]);
        await Done(["ctl", "room", "admit", "standup", "ann", .. live]);
        var owner = Json((await Done(["ctl", "room", "get", "standup", "--json", .. live])).Output)[0].GetProperty("room")
            .GetProperty("node_id").GetString()!;
        await Done(["ctl", "node", "drain", owner, "--wait", .. live]);
        await Eventually.HoldsAsync(async () => (await Run(["audit", "replay", "--assert-hash", .. live])).ExitCode == 0,
            "a checkpoint was agreed on", Patience);

        await ProvesToOthers(live);
        var (fromLive, until) = await AskEverything(live, owner, ulong.MaxValue);
        await FollowsNewEvents(live);
        Assert.All(hungUp, server => Assert.True(server.IsRunning, server.Log));

        var stopped = cluster.Replicas[0];
        using (var watch = CliProcess.Start(["ctl", "room", "watch", .. live]))
        using (var tail = CliProcess.Start(["audit", "tail", "--follow", "-n", "1", .. live]))
        {
            await Eventually.HoldsAsync(() => watch.Output.Contains("retro", StringComparison.Ordinal) && tail.Output.Length > 0,
                "they are served by the first replica of the list", Patience, () => watch.Errors + tail.Errors);
            Assert.True(await stopped.StopAsync() == 0, stopped.Log);
            // whoever leads is found meanwhile
            await DoneInTheEnd(["ctl", "room", "create", "elsewhere", "--keep-when-empty", "--request-id", "elsewhere", .. live]);
            foreach (var stream in (CliProcess[])[watch, tail])
                await Eventually.HoldsAsync(() => stream.Output.Contains("elsewhere", StringComparison.Ordinal),
                    "another replica goes on with it", Patience, () => stream.Output + stream.Errors);
        }
        string[] directory = ["--data", stopped.DataDirectory];
        var (fromDirectory, _) = await AskEverything(directory, owner, until); // meanwhile a seat that nobody took may have lapsed
        Assert.Equal(fromLive, fromDirectory);
        Assert.Contains("those of the checkpoint kept elsewhere",
            (await Done(["audit", "verify", "--anchor", Elsewhere("kept.json"), .. directory])).Output, StringComparison.Ordinal);
        await RefusesWhatCannotBe(directory);
        Assert.Equal(2, (await Run(["audit", "tail", "--follow", .. directory])).ExitCode);
        await RefusesWhatCannotBe(["--server", cluster.Replicas[1].GrpcAddress, "--timeout", "30"]);
        await SeesDamage(stopped.DataDirectory);
        await WaitsThroughALoss(cluster);
    }

    /// <summary>Whoever waits for something does so until it comes about, through a time without any replica.</summary>
    private static async Task WaitsThroughALoss(TestCluster cluster)
    {
        ReplicaProcess[] left = [cluster.Replicas[1], cluster.Replicas[2]];
        string[] live = ["--server", string.Join(',', left.Select(r => r.GrpcAddress)), "--timeout"];
        // one is drained, which is as good
        foreach (var node in cluster.Media) await Run(["ctl", "node", "cordon", node.NodeId, .. live, "20"]);
        using var created = CliProcess.Start(["ctl", "room", "create", "patient", "--keep-when-empty", "--wait", .. live, "900"]);
        await Eventually.HoldsAsync(() => created.Output.Contains("room patient unplaced", StringComparison.Ordinal), "no node takes it",
            Patience, () => created.Output + created.Errors);
        foreach (var replica in left) await replica.KillAsync();
        await Eventually.HoldsAsync(() => created.Errors.Contains("the wait goes on", StringComparison.Ordinal), "nobody answers", Patience,
            () => created.Output + created.Errors);
        foreach (var replica in left) replica.Start();
        foreach (var replica in left) await replica.WaitForReadyAsync();
        foreach (var node in cluster.Media) await DoneInTheEnd(["ctl", "node", "uncordon", node.NodeId, .. live, "20"]);
        await created.WaitForExitAsync(Slowness.Scale(TimeSpan.FromSeconds(120)));
        Assert.True(created.ExitCode == 0, created.Output + created.Errors);
        Assert.Contains("room patient active on", created.Output, StringComparison.Ordinal);
    }

    /// <summary>Every verb up to one fixed event; what was answered, for a comparison.</summary>
    private static async Task<(string Answers, ulong Until)> AskEverything(string[] where, string drained, ulong upTo)
    {
        var stream = Json((await Done(["audit", "stream", "room-standup", "--json", .. where])).Output).Where(e => SeqOf(e) <= upTo)
            .ToArray();
        Assert.Equal("RoomCreated", stream[0].GetProperty("type").GetString());
        var last = SeqOf(stream[^1]);
        var until = last.ToString(CultureInfo.InvariantCulture);

        var tail = Json((await Done(["audit", "tail", "--from", "1", "--type", "RoomCreated", "--json", .. where])).Output);
        Assert.All(tail, e => Assert.Equal("RoomCreated", e.GetProperty("type").GetString()));
        Assert.Equal("room-standup", tail[0].GetProperty("stream").GetString());
        Assert.Contains("RoomCreated", (await Done(["audit", "tail", "-n", "100000", .. where])).Output, StringComparison.Ordinal);

        var state = (await Done(["audit", "state", "--at", "#" + until, "--scope", "room/standup", "--json", .. where])).Output;
        var room = JsonDocument.Parse(Json(state)[0].GetProperty("state_json").GetString()!).RootElement;
        Assert.NotEqual(drained, room.GetProperty("node").GetString());
        var hash = Convert.ToHexStringLower(Convert.FromBase64String(Json(state)[0].GetProperty("state_hash").GetString()!));
        Assert.Contains("state hash " + hash, (await Done(["audit", "state", "--at", "#" + until, .. where])).Output,
            StringComparison.Ordinal);

        var why = (await Done(["audit", "why", "standup", .. where])).Output;
        Assert.Contains("because", why, StringComparison.Ordinal);
        Assert.Contains("drain", why, StringComparison.OrdinalIgnoreCase);
        var chain = Json((await Done(["audit", "why", "#" + until, "--json", .. where])).Output)[0];
        Assert.Equal("", chain.GetProperty("broken_link").GetString());

        var verified = Json((await Done(["audit", "verify", "--from", "1", "--to", until, "--json", .. where])).Output)[0];
        Assert.True(verified.GetProperty("ok").GetBoolean());
        Assert.StartsWith("ok: ", (await Done(["audit", "verify", .. where])).Output, StringComparison.Ordinal);

        var replayed = Json((await Done(["audit", "replay", "--until", until, "--assert-hash", hash, "--json", .. where])).Output)[0];
        Assert.Equal((true, last, hash), (replayed.GetProperty("ok").GetBoolean(), replayed.GetProperty("events").GetUInt64(),
            replayed.GetProperty("state_hash").GetString()));
        var agreed = Json((await Done(["audit", "replay", "--assert-hash", "--json", .. where])).Output)[0];
        Assert.True(agreed.GetProperty("checkpoints").GetInt64() > 0);
        var chainHead = Convert.ToHexStringLower(Convert.FromBase64String(verified.GetProperty("chain_head").GetString()!));
        Assert.Equal(chainHead, replayed.GetProperty("chain_head").GetString());

        var unequal = await Run(["audit", "replay", "--until", until, "--assert-hash", new string('0', 32), .. where]);
        Assert.Equal(1, unequal.ExitCode);
        Assert.Contains("NOT EQUAL: state hash is " + hash, unequal.Output, StringComparison.Ordinal);
        return (string.Join('\n', until, state, why, chainHead, verified.GetProperty("merkle_root").GetString(),
            string.Join(',', stream.Select(e => e.GetProperty("chain_hash").GetString()))), last);
    }

    /// <summary>What is kept elsewhere, and a proof, say no more than they hold. A development cluster has no certificates.</summary>
    private async Task ProvesToOthers(string[] live)
    {
        var (kept, proof, forged) = (Elsewhere("kept.json"), Elsewhere("proof.json"), Elsewhere("forged.json"));
        Assert.Contains("NOT SIGNED", (await Done(["audit", "checkpoint", "--out", kept, .. live])).Output, StringComparison.Ordinal);
        var told = await Done(["audit", "prove", "#2", "--out", proof, .. live]);
        Assert.Contains("is event 2 of ", told.Output, StringComparison.Ordinal);
        var proved = await Done(["audit", "verify", "--proof", proof, "--anchor", proof]); // the checkpoint in it
        Assert.Contains("whose signature was not looked at", proved.Output, StringComparison.Ordinal);
        foreach (var (touch, says) in new (Action<JsonObject>, string)[]
        {
            (p => p["event"]!["stream"] = "room-other", "is not what the record says"),
            (p => p.Remove("record"), "no proof of an event"),
            (p => p["merkle_root"] = Convert.ToBase64String(new byte[32]), "does not hash to the root"),
        })
        {
            var touched = JsonNode.Parse(await File.ReadAllTextAsync(proof))!;
            touch(touched["proof"]!.AsObject());
            await File.WriteAllTextAsync(forged, touched.ToJsonString());
            var refused = await Run(["audit", "verify", "--proof", forged, "--anchor", proof]);
            Assert.Equal((1, true), (refused.ExitCode, refused.Output.Contains(says, StringComparison.Ordinal)));
        }
        await File.WriteAllTextAsync(forged, (await File.ReadAllTextAsync(kept)).Replace("agreed_at", "agreed", StringComparison.Ordinal));
        var believed = await Run(["audit", "verify", "--anchor", forged, .. live]);
        Assert.Contains("not to be believed", believed.Errors, StringComparison.Ordinal);
        Assert.Contains("+ room/standup: ", (await Done(["audit", "diff", "#1", .. live])).Output, StringComparison.Ordinal);
    }

    private string Elsewhere(string file) => Path.Combine(_elsewhere, file);

    private static ulong SeqOf(JsonElement e) => ulong.Parse(e.GetProperty("event_seq").GetString()!, CultureInfo.InvariantCulture);

    private static async Task FollowsNewEvents(string[] live)
    {
        using var follow = CliProcess.Start(["audit", "tail", "--follow", "-n", "1", "--json", .. live]);
        await Eventually.HoldsAsync(() => follow.Output.Length > 0, "the newest event is shown", Patience, () => follow.Errors);
        await Done(["ctl", "room", "create", "retro", "--keep-when-empty", .. live]);
        await Eventually.HoldsAsync(() => follow.Output.Contains("room-retro", StringComparison.Ordinal), "the new event is shown",
            Patience, () => follow.Errors);
        follow.Interrupt();
        await follow.WaitForExitAsync(Patience);
        Assert.Contains(follow.ExitCode, new[] { 0, 130 });
    }

    private static async Task RefusesWhatCannotBe(string[] where)
    {
        foreach (var (arguments, exitCode, says) in new (string[], int, string)[]
        {
            (["stream", "room-nowhere"], 1, "stream room-nowhere has no events"),
            (["why", "nowhere"], 1, "nowhere"),
            (["why", "#999999999"], 1, "999999999"),
            (["state", "--at", "yesterday-ish"], 2, "--at: \"yesterday-ish\""),
            (["state", "--at", "#1", "--scope", "shelf/1"], 1, "scope: \"shelf/1\" breaks the rule"),
            (["tail", "--type", "Bogus"], 1, "types: \"Bogus\" breaks the rule"),
            (["verify", "--from", "9", "--to", "3"], 1, "to_seq: 3 breaks the rule"),
            (["replay", "--until", "999999999"], 1, "event 999999999 does not exist yet"),
            (["replay", "--assert-hash", "xyz"], 2, "--assert-hash: \"xyz\" is not 32 hex digits"),
        })
        {
            var refused = await Run(["audit", .. arguments, .. where]);
            Assert.True(refused.ExitCode == exitCode && refused.Errors.Contains(says, StringComparison.Ordinal),
                $"audit {string.Join(' ', arguments)} {where[0]}: {refused.ExitCode}, wanted {exitCode} and \"{says}\": "
                    + $"{refused.Output}{refused.Errors}");
            Assert.DoesNotContain("   at ", refused.Errors, StringComparison.Ordinal);
        }
    }

    private static async Task SeesDamage(string directory)
    {
        var segment = Directory.GetFiles(Path.Combine(directory, "events"), "events-*.seg").Order(StringComparer.Ordinal).First();
        var bytes = await File.ReadAllBytesAsync(segment);
        bytes[bytes.Length / 2] ^= 0x5A;
        await File.WriteAllBytesAsync(segment, bytes);
        var damaged = await Run(["audit", "verify", "--data", directory]);
        Assert.Equal(1, damaged.ExitCode);
        Assert.Contains("NOT SOUND at event #", damaged.Output, StringComparison.Ordinal);
        Assert.Equal(bytes, await File.ReadAllBytesAsync(segment)); // looked at, not touched
    }

    private static Task<CliResult> Run(string[] arguments) => CliProcess.RunAsync(arguments);

    private static async Task<CliResult> Done(string[] arguments)
    {
        var result = await Run(arguments);
        Assert.True(result.ExitCode == 0, $"{string.Join(' ', arguments)}: {result.ExitCode}: {result.Output}{result.Errors}");
        return result;
    }

    private static Task DoneInTheEnd(string[] arguments)
    {
        var last = new CliResult(0, "", "");
        return Eventually.HoldsAsync(async () => (last = await Run(arguments)).ExitCode == 0, string.Join(' ', arguments), Patience,
            () => last.Output + last.Errors);
    }

    private static JsonElement[] Json(string lines) =>
        [.. lines.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
}
