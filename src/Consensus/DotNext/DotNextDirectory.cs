using Microsoft.Extensions.Logging;
using VideoScale.Consensus.Apply.Directories;
using VideoScale.Consensus.Apply.Moves;
using VideoScale.Consensus.Apply.Snapshots;
using VideoScale.Consensus.DotNext.Log;
using VideoScale.Consensus.DotNext.Transport;
using VideoScale.Platform;
using VideoScale.Rpc;

namespace VideoScale.Consensus.DotNext;

/// <summary>Puts the parts together over one data directory.</summary>
internal sealed class DotNextDirectory(DataDirectory directory, string logPath, TlsMaterial? tls, bool asShipped) : ILogDirectory
{
    private const int ShortestElectionTicks = 6;

    public string Path => directory.Path;

    public IReplicatedLog Start(LogSetup setup, IReplicatedStateMachine machine, ILoggerFactory loggers)
    {
        if (!setup.Founders.IsVoter(directory.Member))
            throw new DataDirectoryException(
                $"{directory.Path}: the engine \"{DotNextEngine.EngineName}\" has no members but the founding ones, and member "
                    + $"{directory.Member} is "
                + "none. Members come and go with the engine \"native\"");
        var store = new SnapshotStore(directory);
        if (store.Damaged is [.., var rot] && store.Latest is null) throw rot;
        directory.NoteRun();
        System.IO.Directory.CreateDirectory(logPath);
        Libc.SyncDirectory(directory.Path);
        var log = new DotNextLog(setup, new TransportSettings
        {
            ClusterId = directory.ClusterId,
            Self = directory.Member,
            Listen = setup.Listen,
            Tls = tls,
            ElectionTimeout = TimeSpan.FromMilliseconds(ShortestElectionTicks * setup.TickMs),
            SnapshotBytesPerSecond = setup.SnapshotBytesPerSecond,
        }, store, logPath, machine, loggers, asShipped)
        { GoesOnAfter = directory.Move?.After.Index ?? 0 };
        log.Start();
        return log;
    }

    public Task<string?> WhyNotAtAsync(MemberId member, string address, CancellationToken cancellationToken) =>
        Task.FromResult<string?>($"the engine \"{DotNextEngine.EngineName}\" has no members but the founding ones");

    public LogSummary Summarize() => throw Unrecoverable();

    public void BeginAnew(Membership membership, ReadOnlyMemory<byte> command, Action prepare) => throw Unrecoverable();

    public LogMove? Move => directory.Move;

    public SnapshotContent<T>? ReadSnapshot<T>(Func<ISnapshotReader, T> read) => new SnapshotStore(directory).Read(read);

    public void MoveTo(ILogEngine engine, ulong index, ulong term, Membership voters, Action<string> prepare)
    {
        var name = asShipped ? DotNextEngine.PlainName : DotNextEngine.EngineName;
        var seenTerm = Math.Max(term, StoppedLog.SeenTerm(logPath, new SnapshotStore(directory).Latest));
        DirectoryMove.Run(directory, name, engine, new LogPlace(index, term, seenTerm), voters, [name], prepare);
    }

    public void Dispose() => directory.Dispose();

    private DataDirectoryException Unrecoverable() => new(
        $"{directory.Path}: the engine \"{DotNextEngine.EngineName}\" has no way to make a survivor the only voter. A majority of its "
            + $"founding members "
        + "must come back, each with its own directory; nothing was changed");
}
