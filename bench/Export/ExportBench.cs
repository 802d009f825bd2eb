using System.Diagnostics;
using System.Globalization;
using JasperFx;
using Npgsql;
using VideoScale.Bench.Replay;
using VideoScale.ControlPlane.Audit;
using VideoScale.ControlPlane.Host.Audit;
using VideoScale.ControlPlane.Host.EventLog;
using VideoScale.ControlPlane.Host.Export;
using VideoScale.Export;
using VideoScale.Export.Embedded;
using VideoScale.Export.Schema;
using VideoScale.Harness.Results;
using EventLog = VideoScale.ControlPlane.Host.EventLog.EventLog;

namespace VideoScale.Bench.Export;

/// <summary>
/// <c>bench export</c>: the same events, one connection, commits that reach the disk: with ledger and fence by COPY, and without either by
/// Marten's own append, which keeps the order within a stream alone. Each measurement has a database of its own; they take turns.
/// </summary>
internal static class ExportBench
{
    private const int Port = 21_391;
    private static readonly int[] Sizes = [1_000, 5_000];
    private static readonly UInt128 Cluster = new(1, 2);

    internal static async Task<int> RunAsync(int events, int rounds, string results)
    {
        if (events < 5_000 || rounds < 1)
        {
            await Console.Error.WriteLineAsync("--events from 5000, --rounds from 1");
            return 1;
        }
        var directory = Directory.CreateTempSubdirectory("vs-bench-export-").FullName;
        try
        {
            var log = new Log(Path.Combine(directory, "log"), events);
            await using var server = await PostgresServer.StartAsync(MadeFor(directory), Port, CancellationToken.None);
            var recorder = RunRecorder.Begin().Set("events", events).Set("rounds", rounds);
            foreach (var size in Sizes) await MeasureAsync(server, log, size, rounds, recorder);
            recorder.Note("one connection, synchronous commit; COPY with ledger and fence, SaveChanges without").KeepIn(results);
            return 0;
        }
        finally { Directory.Delete(directory, recursive: true); }
    }

    private static async Task MeasureAsync(PostgresServer server, Log log, int size, int rounds, RunRecorder recorder)
    {
        var (copies, saves) = (new List<double>(), new List<double>());
        for (var round = 0; round <= rounds; round++) // the first is aside: cold code
        {
            var copied = await TimedAsync(server, $"copy_{size}_{round}", log, url => CopyAsync(url, log, size));
            var saved = await TimedAsync(server, $"save_{size}_{round}", log, url => SaveAsync(url, log, size));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{size,6:N0} a batch: COPY {copied,9:N0} events/s, SaveChanges {saved,9:N0} events/s, ratio {copied / saved:F2}"
                + $"{(round == 0 ? "   (warming up)" : "")}"));
            if (round == 0) continue;
            copies.Add(copied);
            saves.Add(saved);
        }
        recorder.Add($"{size} a batch", copies, "events/s", Better.Higher)
            .Against("Marten's SaveChanges", $"{size} a batch", Percentiles.At(saves, 0.5));
    }

    private static async Task<double> TimedAsync(PostgresServer server, string name, Log log, Func<PostgresAddress, Task> write)
    {
        var address = await NewDatabaseAsync(server, name);
        var began = Stopwatch.GetTimestamp();
        await write(address);
        return log.All.Count / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    private static async Task CopyAsync(PostgresAddress address, Log log, int size)
    {
        await using var export = new MartenExport(address);
        await export.TakeOverAsync(new ExportClaim(Cluster.ToString("x32", null), 1, "bench", IsLeader: true), log, CancellationToken.None);
        foreach (var batch in log.All.Chunk(size)) await export.WriteAsync(batch, CancellationToken.None);
    }

    private static async Task SaveAsync(PostgresAddress address, Log log, int size)
    {
        await using var source = address.OpenSource();
        await using var store = ExportStore.Open(source, AutoCreate.None);
        foreach (var batch in log.All.Chunk(size))
        {
            await using var session = store.LightweightSession();
            foreach (var stream in batch.GroupBy(e => e.Stream, StringComparer.Ordinal))
                session.Events.Append(stream.Key, stream.Select(e => (object)EventMapping.Decode(e)!));
            await session.SaveChangesAsync();
        }
    }

    private static async Task<PostgresAddress> NewDatabaseAsync(PostgresServer server, string name)
    {
        await using var source = NpgsqlDataSource.Create($"Host=127.0.0.1;Port={Port};Username={PostgresServer.Owner};Database=postgres");
        await using var create = source.CreateCommand($"create database {name}");
        await create.ExecuteNonQueryAsync();
        var url = server.LoopbackUrl[..^PostgresServer.Database.Length] + name;
        if (!PostgresAddress.TryParse(url, "", out var address, out var problem)) throw new InvalidOperationException(problem);
        await using var database = new ExportDatabase(address);
        await database.InitializeAsync(CancellationToken.None);
        return address;
    }

    /// <summary>Where the database's own user may come, too.</summary>
    private static string MadeFor(string directory)
    {
        if (OperatingSystem.IsLinux())
            File.SetUnixFileMode(directory, File.GetUnixFileMode(directory) | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        return Path.Combine(directory, "postgres");
    }

    private sealed class Log : IExportedLog
    {
        private readonly EventLogReader _reader;

        internal Log(string directory, int events)
        {
            using (var log = EventLog.Open(directory, Cluster))
            {
                log.RestoreEmpty();
                using var story = new FleetStory(log, seed: 3, nodes: 50, liveRooms: 1_000);
                story.PlayUntil((ulong)events);
            }
            _reader = EventLogReader.OpenDirectory(directory);
            using var cursor = _reader.Read(1);
            while (cursor.MoveNext()) All.Add(cursor.View.ToEnvelope(cursor.Chain));
        }

        internal List<EventEnvelope> All { get; } = [];

        public ulong LastSeq => _reader.LastSeq;

        public ValueTask<Hash256?> ChainAtAsync(ulong seq, CancellationToken cancellationToken) => new(_reader.TryGet(seq)?.Chain);
    }
}
