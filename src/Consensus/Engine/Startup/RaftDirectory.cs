using System.Net;
using Microsoft.Extensions.Logging;
using VideoScale.Consensus.Apply.Directories;
using VideoScale.Consensus.Apply.Moves;
using VideoScale.Consensus.Apply.Snapshots;
using VideoScale.Consensus.Core;
using VideoScale.Consensus.Engine.Driver;
using VideoScale.Consensus.Engine.Storage;
using VideoScale.Consensus.Engine.Transport;
using VideoScale.Consensus.Engine.Wal;
using VideoScale.Platform;
using VideoScale.Rpc;

namespace VideoScale.Consensus.Engine;

/// <summary>Puts the engine's parts together over one data directory: write-ahead log, snapshots, transport, driver.</summary>
internal sealed class RaftDirectory(DataDirectory directory, TlsMaterial? tls) : ILogDirectory
{
    public string Path => directory.Path;

    public IReplicatedLog Start(LogSetup setup, IReplicatedStateMachine machine, ILoggerFactory loggers)
    {
        directory.NoteRun();
        var snapshots = new SnapshotStore(directory);
        var peers = setup.Members.Where(member => member.Member != directory.Member).ToDictionary(member => member.Member, EndPointOf);
        var transport = new TcpTransport(TransportOf(setup.Listen) with
        {
            SnapshotBytesPerSecond = setup.SnapshotBytesPerSecond,
            Starts = MemberStarts.Begin(directory.Path),
        }, snapshots, peers, loggers.CreateLogger<TcpTransport>());
        var disk = DurableState.Open(directory, snapshots, new WalOptions(), setup.Founders, loggers.CreateLogger<DurableState>(),
            new LogWitness(setup.WitnessedIndex, setup.TookPart));
        var options = new ReplicatedLogOptions
        {
            Self = directory.Member,
            GoesOnAfter = directory.Move?.After.Index ?? 0,
            InitialMembership = setup.Founders,
            IsDamaged = disk.IsDamaged,
            Repaired = disk.Repaired,
            LossFound = disk.NoteLoss,
            Conflict = disk.Conflict,
            ConflictFound = disk.NoteConflict,
            Origin = disk.Origin with { StartsWithout = [.. setup.StartsWithout] },
            OriginChanged = disk.Note,
            KnownAddresses = setup.Members,
            TickMs = setup.TickMs,
            SnapshotLogBytes = setup.SnapshotLogBytes,
            MaxCommandBytes = setup.MaxCommandBytes,
        };
        return ReplicatedLog.Start(options, disk.Log, snapshots, transport, machine, loggers.CreateLogger<ReplicatedLog>());
    }

    public Task<string?> WhyNotAtAsync(MemberId member, string address, CancellationToken cancellationToken) =>
        new MemberGreeting(TransportOf(new IPEndPoint(IPAddress.None, 0))).AskAsync(member, address, cancellationToken); // it only calls

    public LogSummary Summarize()
    {
        using var stopped = new StoppedLog(directory);
        return stopped.Summary;
    }

    public void BeginAnew(Membership membership, ReadOnlyMemory<byte> command, Action prepare)
    {
        using var stopped = new StoppedLog(directory);
        directory.NoteRun();
        stopped.BeginAnew(membership, command, prepare);
    }

    public LogMove? Move => directory.Move;

    public SnapshotContent<T>? ReadSnapshot<T>(Func<ISnapshotReader, T> read) => new SnapshotStore(directory).Read(read);

    public void MoveTo(ILogEngine engine, ulong index, ulong term, Membership voters, Action<string> prepare)
    {
        ulong seenTerm;
        using (var stopped = new StoppedLog(directory)) seenTerm = stopped.Leave(index);
        DirectoryMove.Run(directory, RaftEngine.EngineName, engine, new LogPlace(index, term, seenTerm), voters,
            [DataDirectory.LogName, .. DurableState.FileNames], prepare);
    }

    public void Dispose() => directory.Dispose();

    private TransportOptions TransportOf(IPEndPoint listen) => new()
    {
        ClusterId = directory.ClusterId,
        Self = directory.Member,
        Listen = listen,
        Tls = tls,
    };

    private static EndPoint EndPointOf(MemberAddress member) =>
        HostAndPort.TryParse(member.Raft)
            ?? throw new DataDirectoryException($"\"{member.Raft}\", where member {member.Member} is said to be, is not host:port");
}
