using System.Runtime.Versioning;
using Npgsql;
using VideoScale.Harness.Processes;

namespace VideoScale.Export.Tests;

/// <summary>A cluster with a PostgreSQL of its own: <c>up --postgres embedded</c>.</summary>
[SupportedOSPlatform("linux")]
public sealed class UpTests : IDisposable
{
    private const int BasePort = 18_740;
    private readonly string _root = Directory.CreateTempSubdirectory("vs-up-pg-").FullName;

    // As root the database runs as another user, who must be able to come here.
    public UpTests() => File.SetUnixFileMode(_root, File.GetUnixFileMode(_root) | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task It_starts_the_database_exports_to_it_goes_on_with_it_and_takes_it_along_when_it_stops_or_is_killed()
    {
        var events = 0L;
        foreach (var ends in (Action<CliProcess>[])[up => up.Terminate(), up => up.Kill()])
        {
            using var up =
                CliProcess.Start(["up", "--single", "--loopback-only", "--postgres", "embedded", "--base-port", $"{BasePort}", "--data",
                Path.Combine(_root, "data")]);
            await Eventually.HoldsAsync(() => up.Output.Contains("Ctrl-C stops everything", StringComparison.Ordinal) || up.HasExited,
                "it is ready", TimeSpan.FromMinutes(2), () => up.Output + up.Errors);
            var url = up.Output.Split("events in PostgreSQL: ")[1].Split(' ')[0];
            await Eventually.HoldsAsync(async () => await CountAsync() > events, "events of this run are exported",
                details: () => up.Output);
            events = await CountAsync();
            Assert.True(PostgresAddress.TryParse(url, "", out _, out _), url);
            ends(up);
            await up.WaitForExitAsync(TimeSpan.FromMinutes(1));
            await Eventually.HoldsAsync(() => !File.Exists(Path.Combine(_root, "data", "postgres", "data", "postmaster.pid")),
                "the database has stopped, too");
        }
    }

    private async Task<long> CountAsync()
    {
        try
        {
            await using var source = NpgsqlDataSource.Create(
                $"Host=127.0.0.1;Port={BasePort + 590};Username=videoscale;Database=videoscale;Pooling=false");
            await using var count = source.CreateCommand("select count(*) from videoscale.mt_events");
            return (long)(await count.ExecuteScalarAsync())!;
        }
        catch (NpgsqlException) { return 0; }
    }
}
