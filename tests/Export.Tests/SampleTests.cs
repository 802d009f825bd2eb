using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using VideoScale.ControlPlane.Audit;
using VideoScale.ControlPlane.Host.Audit;
using VideoScale.Export.Embedded;
using VideoScale.Export.Schema;
using VideoScale.Export.Tests.Databases;
using VideoScale.Export.Tests.Logs;
using VideoScale.Harness;
using VideoScale.Harness.Processes;

namespace VideoScale.Export.Tests;

/// <summary>The application of samples/marten-reader, as a process, with the rights that readers are given and no more.</summary>
public sealed class SampleTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private static readonly FleetLog Log = FleetLog.One;

    /// <summary>The types that it has classes for.</summary>
    private static readonly HashSet<string> Known = [.. Repository.Files("samples/marten-reader", "Events.cs")
        .SelectMany(file => File.ReadLines(Repository.Path(file)))
            .Where(line => line.StartsWith("public sealed record ", StringComparison.Ordinal))
        .Select(line => line.Split(' ')[3].Split('(', ';')[0])];

    [Fact]
    public async Task An_application_with_classes_of_its_own_reads_streams_states_a_projection_and_what_comes()
    {
        await using var database = await postgres.NewDatabaseAsync();
        await using var export = database.Export();
        await Log.ExportAsync(export, Log.Leader(), until: 1_500);
        await database.ExecuteAsync("create role reports login; create schema reader authorization reports");
        await database.ExecuteAsync(Grants.Of([], ["reports"]));
        var connection = TestDatabase.ConnectionString(postgres.Server, database.Name)
            .Replace($"Username={PostgresServer.Owner}", "Username=reports", StringComparison.Ordinal);
        var before = await SchemaAsync(database);
        await RunAsync(connection, "prepare");

        // The stream of a room that was placed: at the version and at the time of it, and as it is.
        var placed = Log.All.Take(1_500).Last(e => e.Type == "RoomPlaced");
        using var payload = JsonDocument.Parse(EventMapping.Decode(placed)!.ToJson());
        var where =
            $"on {payload.RootElement.GetProperty("node").GetString()} under epoch {payload.RootElement.GetProperty("epoch").GetUInt64()}";
        Assert.Contains(where, await RunAsync(connection, "room", placed.Stream, "version", Number(placed.StreamVersion)),
            StringComparison.Ordinal);
        var time = DateTimeOffset.FromUnixTimeMilliseconds(Log.All[1_499].OccurredAt.UnixMs).ToString("O", CultureInfo.InvariantCulture);
        Assert.Equal(await RunAsync(connection, "room", placed.Stream), await RunAsync(connection, "room", placed.Stream, "at", time));
        var stream = Log.All.Take(1_500).Where(e => e.Stream == placed.Stream && Known.Contains(e.Type)).ToList();
        Assert.Equal(stream.Select(e => $"#{e.EventSeq} {e.StreamVersion}"), (await RunAsync(connection, "stream", placed.Stream))
            .Split('\n').Where(line => line.StartsWith('#')).Select(line => string.Join(' ', line.Split(' ')[..2])));

        // A projection that the daemon builds, asked with LINQ.
        var rooms = await RunAsync(connection, "rooms", payload.RootElement.GetProperty("node").GetString()!);
        Assert.Contains($"{placed.Stream[5..]}: ", rooms, StringComparison.Ordinal);

        await FollowsAsync(connection, export);
        Assert.Equal(before, await SchemaAsync(database)); // nothing of it was changed
        await database.HoldsAsync(Log, 2_000);
    }

    /// <summary>Everything, once and in order, also what comes while it follows.</summary>
    private static async Task FollowsAsync(string connection, MartenExport export)
    {
        using var follower = Process.Start(Start(connection, "follow"))!;
        var seen = new List<ulong>();
        var reading = Task.Run(async () =>
        {
            while (await follower.StandardOutput.ReadLineAsync() is { } line)
                if (line.StartsWith('#'))
                    lock (seen)
                        seen.Add(
                            ulong.Parse(line.AsSpan(1, line.IndexOf(' ', StringComparison.Ordinal) - 1), CultureInfo.InvariantCulture));
        });
        var errors = follower.StandardError.ReadToEndAsync();
        await SeesAsync(1_500);
        await Log.ExportAsync(export, Log.Leader(), until: 2_000, batch: 100);
        await SeesAsync(2_000);
        follower.StandardInput.Close();
        await follower.WaitForExitAsync();
        await reading;
        Assert.Equal(Numbers(2_000), seen);

        Task SeesAsync(int until) => Eventually.HoldsAsync(() => Count() == Numbers(until).Count, $"events up to {until} are followed",
            TimeSpan.FromMinutes(2), () => $"{Count()} seen; {(errors.IsCompleted ? errors.Result : "")}");

        int Count()
        {
            lock (seen) return seen.Count;
        }
    }

    private static List<ulong> Numbers(int until) => [.. Log.All.Take(until).Where(e => Known.Contains(e.Type)).Select(e => e.EventSeq)];

    private static string Number(ulong number) => number.ToString(CultureInfo.InvariantCulture);

    private static Task<string> SchemaAsync(TestDatabase database) => database.ScalarAsync<string>("""
        select string_agg(table_name || '.' || column_name || ' ' || data_type, ',' order by table_name, column_name)
        from information_schema.columns where table_schema = 'videoscale'
        """);

    private static ProcessStartInfo Start(params ReadOnlySpan<string> arguments)
    {
        var start = new ProcessStartInfo(Repository.Path("samples", "marten-reader", "bin", "Release", "net10.0", "MartenReader"))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        return start;
    }

    private static async Task<string> RunAsync(params string[] arguments)
    {
        using var process = Process.Start(Start(arguments))!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, await errors + output);
        return output;
    }
}
