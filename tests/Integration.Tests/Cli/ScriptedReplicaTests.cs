using System.Globalization;
using System.Text.Json;
using Grpc.Core;
using VideoScale.Harness.Processes;
using VideoScale.V1;

namespace VideoScale.Integration.Tests.Cli;

/// <summary>How the command line asks several replicas that do not know the same, are slow, or go away.</summary>
public sealed class ScriptedReplicaTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task What_a_replica_that_is_behind_does_not_have_yet_is_followed_all_the_same()
    {
        await using var replica = await ScriptedReplica.StartAsync();
        replica.LastSeq = 5;
        replica.Events = (to, _) => WriteAsync(to, 1, 3); // it has no more yet
        replica.NewEvents = async (from, to, context) =>
        {
            await WriteAsync(to, from, 7);
            await Task.Delay(Timeout.Infinite, context.CancellationToken);
        };
        using var follow =
            CliProcess.Start(["audit", "tail", "--follow", "--from", "1", "--json", "--server", replica.Address, "--timeout", "30"]);
        await Eventually.HoldsAsync(() => Seqs(follow.Output).LastOrDefault() == 7, "the newest event is shown", Patience,
            () => follow.Output + follow.Errors);
        follow.Interrupt();
        await follow.WaitForExitAsync(Patience);
        Assert.Equal([1, 2, 3, 4, 5, 6, 7], Seqs(follow.Output));
    }

    [Fact]
    public async Task A_listing_begins_anew_elsewhere_when_its_replica_is_lost_before_the_first_event()
    {
        await using var lost = await ScriptedReplica.StartAsync();
        await using var other = await ScriptedReplica.StartAsync();
        lost.LastSeq = other.LastSeq = 3;
        lost.Events = async (_, context) =>
        {
            await context.WriteResponseHeadersAsync([]);
            await Task.Delay(500, context.CancellationToken); // long enough to be taken for open
            throw new RpcException(new Status(StatusCode.Unavailable, "stopping"));
        };
        other.Events = async (to, _) =>
        {
            // on a busy machine it may be asked first
            await Eventually.HoldsAsync(() => lost.Calls.Contains("ReadAll"), "the replica that will be lost is asked");
            await WriteAsync(to, 1, 3);
        };
        var listed =
            await CliProcess.RunAsync(["audit", "tail", "--json", "--server", $"{lost.Address},{other.Address}", "--timeout", "30"]);
        Assert.True(listed.ExitCode == 0, listed.Errors);
        Assert.Equal([1, 2, 3], Seqs(listed.Output));
        Assert.Contains("ReadAll", lost.Calls);
    }

    /// <summary>They have no request id: a second replica that is asked beside the first would do it too.</summary>
    [Theory]
    [InlineData("transfer")]
    [InlineData("snapshot")]
    public async Task What_cannot_be_told_from_a_repeat_is_asked_for_at_one_replica(string verb)
    {
        await using var one = await ScriptedReplica.StartAsync();
        await using var other = await ScriptedReplica.StartAsync();
        one.Takes = other.Takes = TimeSpan.FromSeconds(1.5);
        var done = await CliProcess.RunAsync(["ctl", "cluster", verb, "--server", $"{one.Address},{other.Address}", "--timeout", "30"]);
        Assert.True(done.ExitCode == 0, done.Errors);
        Assert.Single(one.Calls.Concat(other.Calls));
    }

    private static async Task WriteAsync(IServerStreamWriter<Event> to, ulong from, ulong last)
    {
        for (var seq = from; seq <= last; seq++) await to.WriteAsync(new Event { EventSeq = seq, Type = "RoomCreated" });
    }

    private static ulong[] Seqs(string lines) => [.. lines.Split('\n', StringSplitOptions.RemoveEmptyEntries)
        .Select(line =>
            ulong.Parse(JsonDocument.Parse(line).RootElement.GetProperty("event_seq").GetString()!, CultureInfo.InvariantCulture))];
}
