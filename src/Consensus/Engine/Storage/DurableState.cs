using Microsoft.Extensions.Logging;
using VideoScale.Consensus.Apply.Directories;
using VideoScale.Consensus.Apply.Snapshots;
using VideoScale.Consensus.Core;
using VideoScale.Consensus.Engine.Ports;
using VideoScale.Consensus.Engine.Wal;
using VideoScale.Platform;

namespace VideoScale.Consensus.Engine.Storage;

/// <summary>
/// Opens a replica's log and looks whether log and snapshots are sound. A replica among others may start although they are not: the damaged
/// files are put aside, never deleted, and the replica is quarantined until a leader has given it everything again. Alone, it must not
/// start.
/// </summary>
public sealed partial class DurableState : IAsyncDisposable
{
    private const string MarkerName = "repair.json";
    private const string ConflictName = "conflict.json";
    private const string Rebuilding = "log.rebuilding";
    private const string DamagedFolder = "damaged";

    /// <summary>What a directory holds of the log beside its entries and its snapshots.</summary>
    internal static IReadOnlyList<string> FileNames { get; } =
        [MarkerName, ConflictName, Rebuilding, DamagedFolder, LogOriginFile.Name];
    private readonly DataDirectory _directory;
    private readonly ILogger _logger;

    private readonly ulong _committed;

    private DurableState(DataDirectory directory, WriteAheadLog log, LogOrigin origin, ulong committed, ILogger logger)
    {
        _directory = directory;
        _logger = logger;
        _committed = committed;
        Log = log;
        IsDamaged = IsUnderRepair(directory);
        Conflict = ConflictMarker.Read(Path.Combine(directory.Path, ConflictName));
        Origin = origin;
    }

    /// <summary>Read already; belongs to whoever starts it.</summary>
    public WriteAheadLog Log { get; }

    /// <summary>Entries that were acknowledged, perhaps, are gone: see <see cref="RaftCore.IsRepairing"/>.</summary>
    public bool IsDamaged { get; }

    /// <summary>Why this replica took no part any more when it ran before; null: it did. See <see cref="RaftCore.Conflict"/>.</summary>
    public string? Conflict { get; }

    public LogOrigin Origin { get; }

    /// <param name="initial">Who voted first, as long as the log does not say otherwise.</param>
    /// <param name="witness">What else says how far the log reached; null: nothing does.</param>
    /// <exception cref="RotFoundException">Damaged, and this replica is the only voter: nobody could give it the entries again.</exception>
    public static DurableState Open(DataDirectory directory, SnapshotStore snapshots, WalOptions options, Membership initial,
        ILogger logger, LogWitness? witness = null)
    {
        ArgumentNullException.ThrowIfNull(directory);
        ArgumentNullException.ThrowIfNull(snapshots);
        FinishRebuilding(directory);
        var origin = LogOriginFile.Read(directory.Path);
        foreach (var damaged in snapshots.Damaged) LogSnapshotDamaged(logger, damaged.Message);
        for (var repaired = false; ; repaired = true)
        {
            var log = new WriteAheadLog(directory, options);
            Damage damage;
            try
            {
                var loaded = log.Preload();
                if (loaded.BaseIndex > (snapshots.Latest?.Index ?? 0)) damage = BehindSnapshot(loaded, snapshots, initial);
                else if (IsUnderRepair(directory)
                    || LogLoss.Of(directory, log, loaded, snapshots.Latest, origin, witness ?? LogWitness.None) is not { } loss)
                    return Ready(directory, log, loaded, snapshots.Latest, origin, logger);
                else damage = new Damage(loaded, LogSalvage.LastMembership(loaded.Entries) ?? snapshots.Latest?.Membership ?? initial,
                    loss);
            }
            catch (RotFoundException) when (!repaired)
            {
                damage = OfLog(LogSalvage.Run(directory.LogPath, directory.Member, options), snapshots, initial);
            }
            log.DisposeAsync().AsTask().GetAwaiter().GetResult();
            if (repaired || IsAlone(damage.Membership, directory.Member)) throw damage.Rot;
            Begin(directory, options, damage, logger);
        }
    }

    private static DurableState Ready(DataDirectory directory, WriteAheadLog log, LoadedLog loaded, SnapshotMeta? snapshot,
        LogOriginFile? file, ILogger logger)
    {
        var isNew = file?.IsNew ?? !(log.HasRecords || snapshot is not null || IsUnderRepair(directory));
        var origin = file?.ToOrigin() ?? new LogOrigin(RandomNumbers.NonZero(), isNew, []);
        var committed = Math.Max(loaded.HardState.Commit, snapshot?.Index ?? 0);
        if (file is null || committed > file.Committed) LogOriginFile.Of(origin, committed).Write(directory.Path);
        return new DurableState(directory, log, origin, committed, logger);
    }

    /// <summary>What is known of logs' origins changed. Returns when it is durable.</summary>
    public void Note(LogOrigin origin) => LogOriginFile.Of(origin, _committed).Write(_directory.Path);

    /// <summary>A running replica learned that its disk lost entries. Returns when that is durable.</summary>
    public void NoteLoss(string what)
    {
        DurableFile.Write(MarkerOf(_directory), RepairMarker.Of(new RotFoundException(what)));
        LogLossFound(_logger, what);
    }

    /// <summary>This replica takes no part any more, in no later run either. Returns when that is durable.</summary>
    public void NoteConflict(string what) => DurableFile.Write(Path.Combine(_directory.Path, ConflictName), ConflictMarker.Of(what));

    /// <summary>Somebody decided that this directory's log is the right one.</summary>
    public static void ForgetConflict(DataDirectory directory)
    {
        ArgumentNullException.ThrowIfNull(directory);
        DurableFile.Delete(Path.Combine(directory.Path, ConflictName));
    }

    /// <summary>Everything is here again.</summary>
    public void Repaired()
    {
        if (!IsUnderRepair(_directory)) return; // a new log, which lost nothing
        DurableFile.Delete(MarkerOf(_directory));
        LogRepaired(_logger, _directory.Path);
    }

    public ValueTask DisposeAsync() => Log.DisposeAsync();

    /// <param name="Keep">What the new log begins with.</param>
    private sealed record Damage(LoadedLog Keep, Membership Membership, RotFoundException Rot);

    private static Damage OfLog(SalvagedLog salvaged, SnapshotStore snapshots, Membership initial)
    {
        var sound = salvaged.Sound;
        var latest = snapshots.Latest;
        if (sound.BaseIndex > (latest?.Index ?? 0)) sound = LoadedLog.Empty with { HardState = sound.HardState };
        // Which vote was given in the last term may be lost: it counts as given, to ourselves, and is not given again.
        var vote = salvaged.HighestTerm == sound.HardState.Term && !sound.HardState.Vote.IsNone ? sound.HardState.Vote : MemberId.None;
        return new Damage(sound with { HardState = new HardState(salvaged.HighestTerm, vote, sound.HardState.Commit) },
            salvaged.LastMembership ?? latest?.Membership ?? initial, salvaged.Rot);
    }

    /// <summary>The log is sound, but begins behind the last snapshot that is.</summary>
    private static Damage BehindSnapshot(LoadedLog loaded, SnapshotStore snapshots, Membership initial)
    {
        var rot = snapshots.Damaged.Count > 0 ? snapshots.Damaged[^1]
            : RotFoundException.Missing(
                $"the log begins after entry {loaded.BaseIndex}, and no snapshot reaches it: files of this replica's directory are "
                + $"missing");
        var membership = LogSalvage.LastMembership(loaded.Entries) ?? SnapshotStore.ReadableMembership(snapshots.Damaged)
            ?? snapshots.Latest?.Membership ?? initial;
        var hardState = loaded.HardState with { Commit = 0 };
        return new Damage(LoadedLog.Empty with
        {
            HardState = hardState,
            BaseIndex = snapshots.Latest?.Index ?? 0,
            BaseTerm = snapshots.Latest?.Term ?? 0
        }, membership, rot);
    }

    private static bool IsAlone(Membership membership, MemberId self) =>
        !membership.IsJoint && membership.Voters.Length == 1 && membership.Voters[0] == self;

    /// <summary>Marks the directory, writes what is sound into a new log, and puts the damaged one aside.</summary>
    private static void Begin(DataDirectory directory, WalOptions options, Damage damage, ILogger logger)
    {
        LogQuarantined(logger, damage.Rot.Finding, damage.Keep.BaseIndex, damage.Keep.BaseIndex + (ulong)damage.Keep.Entries.Count);
        DurableFile.Write(MarkerOf(directory), RepairMarker.Of(damage.Rot));
        var rebuilding = Path.Combine(directory.Path, Rebuilding);
        // unfinished: its content is in the damaged log still
        if (Directory.Exists(rebuilding)) Directory.Delete(rebuilding, recursive: true);
        var keep = damage.Keep;
        if (keep.HardState.Vote.IsNone) keep = keep with { HardState = keep.HardState with { Vote = directory.Member } };
        LogRewrite.Write(rebuilding, directory.Member, options, keep);
        var aside = Path.Combine(directory.Path, DamagedFolder);
        Directory.CreateDirectory(aside);
        Directory.Move(directory.LogPath, Path.Combine(aside, $"log-{Directory.GetDirectories(aside).Length + 1}"));
        FinishRebuilding(directory);
    }

    private static void FinishRebuilding(DataDirectory directory)
    {
        var rebuilding = Path.Combine(directory.Path, Rebuilding);
        if (!Directory.Exists(rebuilding) || Directory.Exists(directory.LogPath)) return;
        Directory.Move(rebuilding, directory.LogPath);
        Libc.SyncDirectory(directory.Path);
    }

    private static string MarkerOf(DataDirectory directory) => Path.Combine(directory.Path, MarkerName);

    /// <summary>
    /// Whether no leader, and not all founding members, have confirmed that this directory's log is its member's first or whole.
    /// </summary>
    public static bool IsNew(DataDirectory directory)
    {
        ArgumentNullException.ThrowIfNull(directory);
        return LogOriginFile.Read(directory.Path) is { IsNew: true };
    }

    /// <summary>Whether this directory waits for entries that its disk lost.</summary>
    public static bool IsUnderRepair(DataDirectory directory)
    {
        ArgumentNullException.ThrowIfNull(directory);
        return File.Exists(MarkerOf(directory));
    }

    [LoggerMessage(2121, LogLevel.Error,
        "The log is damaged, and this replica is quarantined: it neither votes nor acknowledges until a leader has sent again what is "
        + "lost. Kept: entries after {Base} up to {Last}. {What}")]
    private static partial void LogQuarantined(ILogger logger, string what, ulong @base, ulong last);

    [LoggerMessage(1204, LogLevel.Error,
        "This replica's log was set back, or its end was lost: {What}. It is quarantined: it neither votes nor acknowledges until a "
        + "leader has sent again what is lost. Should the directory be an old copy, do not copy directories back: move it away and add "
        + "this replica as a new member")]
    private static partial void LogLossFound(ILogger logger, string what);

    [LoggerMessage(2122, LogLevel.Error, "A snapshot is damaged and not used: {What}")]
    private static partial void LogSnapshotDamaged(ILogger logger, string what);

    [LoggerMessage(2123, LogLevel.Warning,
        "{Directory} holds again all that this replica may have acknowledged. The damaged files are in its directory 'damaged'; check "
        + "the disk")]
    private static partial void LogRepaired(ILogger logger, string directory);
}
