using System.Buffers.Binary;
using VideoScale.ControlPlane.Audit;
using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Host.EventLog;
using VideoScale.ControlPlane.State;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Host.Audit;

/// <summary>
/// Domain states kept on disk along the log, so that a question about the past folds a stretch and not the whole. They can always be made
/// again: one that does not fit the log or does not hash as it should is thrown away.
/// </summary>
/// <param name="directory">Null keeps nothing.</param>
public sealed class KeptFolds(string? directory, ulong everyEvents = KeptFolds.DefaultEveryEvents)
{
    public const ulong DefaultEveryEvents = 250_000;
    private const int MaxFiles = 64;
    private const long MaxBytes = 1L << 30;
    private const int HeaderBytes = 8 + 8 + 16 + Hash256.SizeBytes;
    private readonly Lock _gate = new();

    private static ReadOnlySpan<byte> Magic => "VSFOLD01"u8;

    public static KeptFolds None { get; } = new(null);

    /// <summary>Where states are worth keeping on the way from one event to another.</summary>
    public IEnumerable<ulong> Between(ulong from, ulong until)
    {
        if (directory is null) yield break;
        for (var seq = NextAfter(from); seq <= until; seq += everyEvents) yield return seq;
    }

    /// <summary>The last event of the newest one; 0 when there is none.</summary>
    public ulong Newest => Files() is { Count: > 0 } files ? files[^1].Seq : 0;

    /// <summary>Where the next state is worth keeping.</summary>
    public ulong NextAfter(ulong seq) => (seq / everyEvents + 1) * everyEvents;

    /// <summary>The newest kept state at or before an event; an empty one when there is none.</summary>
    public ClusterState Nearest(EventLogReader log, ulong seq)
    {
        lock (_gate)
        {
            foreach (var (path, at) in Files().Reverse())
            {
                if (at > seq) continue;
                if (TryLoad(log, path, at) is { } state) return state;
                File.Delete(path);
            }
        }
        return new();
    }

    public void Keep(EventLogReader log, ClusterState state)
    {
        if (directory is not null) Keep(log, state.Capture(), state.StateHash());
    }

    /// <param name="hash">The state's.</param>
    public void Keep(EventLogReader log, CapturedState state, UInt128 hash)
    {
        ArgumentNullException.ThrowIfNull(state);
        if (directory is null) return;
        lock (_gate)
        {
            try { KeepNew(log, state, hash, directory); }
            // A full disk, a folder of somebody else, an event that is not held: the answer stands, the next one folds from further back.
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or EventLogException) { }
        }
    }

    private void KeepNew(EventLogReader log, CapturedState state, UInt128 hash, string folder)
    {
        var path = PathOf(state.LastEventSeq);
        if (File.Exists(path) || log.TryGet(state.LastEventSeq) is not { } last) return;
        var temporary = path + ".new";
        Directory.CreateDirectory(folder);
        try
        {
            Write(temporary, state, hash, last);
            File.Move(temporary, path, overwrite: true);
        }
        finally { File.Delete(temporary); } // nothing, once it has its name
        Prune();
    }

    private static void Write(string path, CapturedState state, UInt128 hash, EventEnvelope last)
    {
        using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 20);
        Span<byte> header = stackalloc byte[HeaderBytes];
        Magic.CopyTo(header);
        BinaryPrimitives.WriteUInt64LittleEndian(header[8..], state.LastEventSeq);
        BinaryPrimitives.WriteUInt128LittleEndian(header[16..], hash);
        last.Chain.CopyTo(header[32..]);
        file.Write(header);
        state.WriteTo(file);
    }

    private static ClusterState? TryLoad(EventLogReader log, string path, ulong seq)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 20);
            Span<byte> header = stackalloc byte[HeaderBytes];
            file.ReadExactly(header);
            if (!header.StartsWith(Magic) || BinaryPrimitives.ReadUInt64LittleEndian(header[8..]) != seq) return null;
            if (log.TryGet(seq)?.Chain != new Hash256(header[32..])) return null;
            var state = CapturedState.Restore(file);
            return state.LastEventSeq == seq && state.StateHash() == BinaryPrimitives.ReadUInt128LittleEndian(header[16..]) ? state : null;
        }
        catch (Exception e) when (e is CanonicalException or IOException or InvariantViolation or OverflowException or ArgumentException)
        {
            return null;
        }
    }

    /// <summary>Removes those that stand closest to their neighbours; the newest stays.</summary>
    private void Prune()
    {
        var files = Files().ToList();
        while (files.Count > 1 && (files.Count > MaxFiles || files.Sum(f => new FileInfo(f.Path).Length) > MaxBytes))
        {
            var closest = 0;
            for (var i = 1; i < files.Count - 1; i++)
                if (Gap(i) < Gap(closest)) closest = i;
            File.Delete(files[closest].Path);
            files.RemoveAt(closest);
        }

        ulong Gap(int i) => files[i + 1].Seq - (i == 0 ? 0 : files[i - 1].Seq);
    }

    private string PathOf(ulong seq) => Path.Combine(directory!, $"fold-{seq:D20}.bin");

    private IReadOnlyList<(string Path, ulong Seq)> Files()
    {
        if (directory is null || !Directory.Exists(directory)) return [];
        try
        {
            return [.. Directory.GetFiles(directory, "fold-*.bin").Order(StringComparer.Ordinal).Select(path => (path, SeqOf(path)))
                .Where(f => f.Item2 > 0)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) { return []; }
    }

    private static ulong SeqOf(string path) => ulong.TryParse(Path.GetFileNameWithoutExtension(path).AsSpan(5), out var seq) ? seq : 0;
}
