using VideoScale.Consensus.Apply.Directories;
using VideoScale.Consensus.Core;
using VideoScale.Consensus.Engine.Ports;
using VideoScale.Consensus.Engine.Wal;
using VideoScale.Rpc;

namespace VideoScale.Consensus.Engine;

/// <summary>Our own engine: Raft over TCP, with a write-ahead log and snapshots on the local disk.</summary>
/// <param name="tls">Members prove to each other who they are; null: plain TCP, for loopback in development.</param>
public sealed class RaftEngine(TlsMaterial? tls) : ILogEngine
{
    public const string EngineName = DataDirectory.NativeEngine;

    public string Name => EngineName;

    public ILogDirectory Open(string path, UInt128 clusterId, MemberId self) =>
        new RaftDirectory(DataDirectory.Open(path, clusterId, self), tls);

    /// <summary>No vote is given in a term that the member has seen: it may have voted in it.</summary>
    public void BeginAfter(string folder, UInt128 clusterId, MemberId self, LogPlace place) =>
        LogRewrite.Write(Path.Combine(folder, DataDirectory.LogName), self, new WalOptions(),
            new LoadedLog(new HardState(place.SeenTerm, self, place.Index), place.Index, place.Term, []));
}
