using VideoScale.Bench.Replay;
using VideoScale.ControlPlane.Audit;
using VideoScale.ControlPlane.Host.EventLog;
using VideoScale.ControlPlane.Host.Export;
using EventLog = VideoScale.ControlPlane.Host.EventLog.EventLog;

namespace VideoScale.Export.Tests.Logs;

/// <summary>A log as a fleet's life writes it, made once for all tests.</summary>
internal sealed class FleetLog : IExportedLog, IDisposable
{
    internal const ulong Events = 3_000;
    internal static readonly UInt128 Cluster = new(0x0123456789abcdef, 0xfedcba9876543210);
    private static readonly Lazy<FleetLog> Made = new(() => new FleetLog(Cluster, seed: 5, Events));
    private readonly string _directory = System.IO.Directory.CreateTempSubdirectory("vs-fleet-log-").FullName;

    internal FleetLog(UInt128 cluster, int seed, ulong events)
    {
        ClusterId = cluster.ToString("x32", null);
        using (var log = EventLog.Open(_directory, cluster))
        {
            log.RestoreEmpty();
            using var story = new FleetStory(log, seed, nodes: 6, liveRooms: 40);
            story.PlayUntil(events);
        }
        Reader = Read();
    }

    /// <summary>One that is there already.</summary>
    internal FleetLog(string directory)
    {
        (_directory, ClusterId) = (directory, Cluster.ToString("x32", null));
        Reader = Read();
    }

    private EventLogReader Read()
    {
        var reader = EventLogReader.OpenDirectory(_directory);
        using var cursor = reader.Read(1);
        while (cursor.MoveNext()) All.Add(cursor.View.ToEnvelope(cursor.Chain));
        return reader;
    }

    internal static FleetLog One => Made.Value;

    internal string ClusterId { get; }
    internal EventLogReader Reader { get; }
    internal List<EventEnvelope> All { get; } = [];
    internal string Directory => _directory;

    public ulong LastSeq => Reader.LastSeq;

    public ValueTask<Hash256?> ChainAtAsync(ulong seq, CancellationToken cancellationToken) => new(Reader.TryGet(seq)?.Chain);

    /// <summary>The claim of a leader.</summary>
    internal ExportClaim Leader(ulong term = 1, string name = "replica-1") => new(ClusterId, term, name, IsLeader: true);

    /// <summary>Takes the database and writes on from where it is.</summary>
    internal async Task<ulong> ExportAsync(IExportTarget target, ExportClaim claim, ulong until = ulong.MaxValue, int batch = 500)
    {
        var place = await target.TakeOverAsync(claim, this, CancellationToken.None);
        while (place < Math.Min(until, LastSeq))
        {
            var next = All.GetRange((int)place, (int)Math.Min((ulong)batch, Math.Min(until, LastSeq) - place));
            await target.WriteAsync(next, CancellationToken.None);
            place = next[^1].EventSeq;
        }
        return place;
    }

    public void Dispose() => System.IO.Directory.Delete(_directory, recursive: true);
}
