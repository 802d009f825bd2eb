using VideoScale.Platform;

namespace VideoScale.Consensus.Apply.Directories;

/// <summary>Puts what was made for a directory's next log in its place, and what the log was aside.</summary>
internal static class DirectorySwap
{
    /// <summary>The folder in which all that is new is made.</summary>
    internal const string Staging = "moving";

    /// <summary>Goes on with a move that was decided and interrupted.</summary>
    /// <param name="setKeeper">Makes an engine the keeper of the directory's log.</param>
    /// <returns>How its log came from an earlier one; null when it did not.</returns>
    internal static MoveFile? Finish(string path, Action<string> setKeeper)
    {
        var file = MoveFile.Read(path);
        if (file is null or { Finished: true }) return file;
        var (staging, aside) = (Path.Combine(path, Staging), Path.Combine(path, file.Aside));
        foreach (var one in file.Old.Union(file.New)) Replace(path, file, one);
        Libc.SyncDirectory(aside);
        if (Directory.Exists(staging)) Libc.SyncDirectory(staging);
        Libc.SyncDirectory(path);
        setKeeper(file.To);
        file = file with { Finished = true };
        file.Write(path);
        if (Directory.Exists(staging)) Directory.Delete(staging);
        return file;
    }

    /// <summary>A file is never missing in between: who starts reads some of them before the directory is opened.</summary>
    internal static void Replace(string path, MoveFile file, string name)
    {
        var isNew = file.New.Contains(name);
        var (there, next, kept) = (Path.Combine(path, name), Path.Combine(path, Staging, name), Path.Combine(path, file.Aside, name));
        Directory.CreateDirectory(Path.Combine(path, file.Aside));
        if (isNew && !Path.Exists(next)) return; // it is in its place already
        if (File.Exists(next))
        {
            if (File.Exists(there)) File.Copy(there, kept, overwrite: true);
            File.Move(next, there, overwrite: true);
            return;
        }
        if (Path.Exists(there)) Directory.Move(there, kept);
        if (isNew) Directory.Move(next, there);
    }
}
