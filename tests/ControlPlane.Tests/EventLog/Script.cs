using System.Text;
using VideoScale.ControlPlane.Audit;
using VideoScale.ControlPlane.Host.EventLog;
using VideoScale.Model;
using Log = VideoScale.ControlPlane.Host.EventLog.EventLog;

namespace VideoScale.ControlPlane.Tests.EventLog;

/// <summary>A made-up run of log entries with their events: the same seed gives the same drafts.</summary>
internal sealed class Script
{
    public static readonly UInt128 Cluster = new(0x0123456789abcdef, 0xfedcba9876543210);
    private readonly List<Entry> _entries = [];

    private sealed record Entry(ulong Index, long TimeMs, List<(string Stream, string Type, byte[] Payload, ulong Cause)> Events);

    public Script(Random random, int events, int maxPayloadBytes = 60)
    {
        var (index, time, made) = (0UL, 1_700_000_000_000L, 0);
        while (made < events)
        {
            index += (ulong)random.Next(1, 4); // entries without events lie between
            time += random.Next(-3, 20);       // leaders' clocks differ: the log clamps
            var entry = new Entry(index, time, []);
            for (var n = Math.Min(random.Next(1, 5), events - made); n > 0; n--, made++)
            {
                var payload = new byte[random.Next(maxPayloadBytes)];
                random.NextBytes(payload);
                var stream = random.Next(8) switch { 0 => "cluster", 1 => $"node-m{random.Next(3)}", _ => $"room-r{random.Next(25)}" };
                entry.Events.Add((stream, random.Next(2) == 0 ? "RoomCreated" : "RoomPlaced", payload, made > 0 && random.Next(3) == 0
                    ? (ulong)random.Next(1, made + 1) : 0));
            }
            _entries.Add(entry);
        }
        Count = (ulong)made;
    }

    public ulong Count { get; }
    public IEnumerable<ulong> Indexes => _entries.Select(e => e.Index);
    public IEnumerable<long> TimesMs => _entries.Select(e => e.TimeMs);

    /// <summary>Hands the log the events after its last one, whole entries, up to an event count.</summary>
    /// <param name="endBatch">Asked after each entry.</param>
    public void Feed(Log log, ulong until = ulong.MaxValue, Func<bool>? endBatch = null)
    {
        var seq = 0UL;
        foreach (var entry in _entries)
        {
            if (seq >= until) break;
            for (var i = 0; i < entry.Events.Count; i++)
                if (++seq == log.NextSeq) log.Append(Draft(entry, i));
            if (endBatch is null || endBatch()) log.EndOfBatch(entry.Index);
        }
    }

    /// <summary>Index of the entry that holds an event.</summary>
    public ulong IndexOf(ulong seq)
    {
        var last = 0UL;
        foreach (var entry in _entries)
            if ((last += (ulong)entry.Events.Count) >= seq) return entry.Index;
        throw new ArgumentOutOfRangeException(nameof(seq));
    }

    private static EventDraft Draft(Entry entry, int ordinal)
    {
        var (stream, type, payload, cause) = entry.Events[ordinal];
        return new()
        {
            RaftIndex = entry.Index,
            RaftTerm = 1 + entry.Index / 50,
            OrdinalInEntry = (uint)ordinal,
            Stream = stream,
            Type = type,
            SchemaVersion = 1,
            OccurredAt = new(entry.TimeMs),
            ActorSubject = "tester",
            ActorKind = "operator",
            ActorAuthMethod = "token",
            Tenant = "default",
            CommandId = $"c{entry.Index}",
            CausationSeq = cause,
            CausationId = cause == 0 ? EventId.None : EventHashes.EventId(Cluster, cause, 0),
            Payload = payload,
        };
    }
}

/// <summary>A directory that goes with the test.</summary>
internal sealed class TempDirectory : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("vs-eventlog-").FullName;
    public string Of(string name) => System.IO.Path.Combine(Path, name);
    public void Dispose() => Directory.Delete(Path, recursive: true);
}

internal static class Logs
{
    public static readonly EventLogOptions Small = new()
    {
        EventsPerSegment = 64,
        WriteInterval = TimeSpan.Zero,
        SyncInterval = TimeSpan.Zero,
    };

    public static Log Open(string directory, EventLogOptions? options = null) => Log.Open(directory, Script.Cluster, options ?? Small);

    /// <summary>Everything readable, as one line for each event.</summary>
    public static List<string> Dump(EventLogReader reader)
    {
        var lines = new List<string>();
        using var cursor = reader.Read(reader.Floor);
        while (cursor.MoveNext()) lines.Add(Line(cursor.View.ToEnvelope(cursor.Chain)));
        return lines;
    }

    public static string Line(EventEnvelope e) =>
        new StringBuilder().Append(e.EventSeq).Append(' ').Append(e.RaftIndex).Append('.').Append(e.OrdinalInEntry).Append(' ')
        .Append(e.Stream).Append('@').Append(e.StreamVersion).Append(' ').Append(e.OccurredAt).Append(' ')
            .Append(Convert.ToHexString(e.Payload.Span)).Append(' ').Append(e.Chain).ToString();
}
