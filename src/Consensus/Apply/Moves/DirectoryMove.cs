using VideoScale.Consensus.Apply.Directories;
using VideoScale.Consensus.Apply.Snapshots;
using VideoScale.Platform;

namespace VideoScale.Consensus.Apply.Moves;

/// <summary>
/// Moves a directory from one engine to another, or to a new log of the same one. All that is new is made in a folder first; one file then
/// says what takes whose place, and from there on whoever opens the directory goes on with it until all is done.
/// </summary>
internal static class DirectoryMove
{
    /// <param name="old">Names of the earlier log's files and folders, beside its snapshots.</param>
    internal static void Run(DataDirectory directory, string from, ILogEngine to, LogPlace after, Membership voters,
        IReadOnlyList<string> old, Action<string> prepare)
    {
        Decide(directory, from, to, after, voters, old, prepare);
        DirectorySwap.Finish(directory.Path, directory.SetKeeper);
    }

    /// <summary>Makes all that is new, and says what takes whose place: from here on there is no way back.</summary>
    internal static MoveFile Decide(DataDirectory directory, string from, ILogEngine to, LogPlace after, Membership voters,
        IReadOnlyList<string> old, Action<string> prepare)
    {
        if (directory.Move is { HasRun: true } before && before.After.Index == after.Index)
            throw new DataDirectoryException(
                $"{directory.Path}: its log goes on after entry {after.Index} with the engine \"{before.To}\", and this replica has taken "
                + "part in it since: seal it again to move it on");
        var staging = Path.Combine(directory.Path, DirectorySwap.Staging);
        if (Directory.Exists(staging)) Directory.Delete(staging, recursive: true);
        Directory.CreateDirectory(staging);
        CopySnapshot(directory, staging, after, voters);
        to.BeginAfter(staging, directory.ClusterId, directory.Member, after);
        prepare(staging);
        foreach (var folder in Directory.EnumerateDirectories(staging, "*", SearchOption.AllDirectories)) Libc.SyncDirectory(folder);
        Libc.SyncDirectory(staging);
        Libc.SyncDirectory(directory.Path);
        var file = new MoveFile(MoveFile.CurrentFormatVersion, after.Index, after.Term, after.SeenTerm, from, to.Name,
            [.. old, DataDirectory.SnapshotsName],
            [.. Directory.EnumerateFileSystemEntries(staging).Select(Path.GetFileName).Order(StringComparer.Ordinal)!],
            FreeName(directory.Path, $"before-{after.Index}-{from}"), Finished: false, HasRun: false);
        file.Write(directory.Path);
        return file;
    }

    /// <summary>
    /// The newest snapshot as one of the sealed entry itself, for the voters that there will be, and without sessions: who proposes now
    /// does not propose to the next log.
    /// </summary>
    private static void CopySnapshot(DataDirectory directory, string staging, LogPlace after, Membership voters)
    {
        var store = new SnapshotStore(directory);
        using var newest = store.Latest is { } latest ? store.OpenStored(latest.Index) : null;
        if (newest is null || newest.Index < after.Index)
            throw new DataDirectoryException($"{directory.Path} has no snapshot that reaches entry {after.Index}");
        var meta = new SnapshotMeta(after.Index, after.Term, voters, Math.Min(newest.Meta.MembershipIndex, after.Index));
        using var sink = new SnapshotStore(Path.Combine(staging, DataDirectory.SnapshotsName)).Create(meta);
        SnapshotEnvelope.Write(sink.Stream, new SessionTable().Serialize());
        using (var content = new SnapshotEnvelope.Reader(newest).OpenRead()) content.CopyTo(sink.Stream);
        sink.Commit();
    }

    private static string FreeName(string path, string wanted)
    {
        var name = wanted;
        for (var i = 2; Path.Exists(Path.Combine(path, name)); i++) name = $"{wanted}-{i}";
        return name;
    }
}
