using System.Net;
using VideoScale.Consensus.Engine.Storage;
using VideoScale.Rpc;

namespace VideoScale.Consensus.Engine.Transport;

public sealed record TransportOptions
{
    public required UInt128 ClusterId { get; init; }
    public required MemberId Self { get; init; }

    /// <summary>
    /// Which start of its directory this process is, and what is remembered of the others'; null: neither greets nor asks for it, as
    /// earlier versions.
    /// </summary>
    public MemberStarts? Starts { get; init; }

    /// <summary>
    /// How long whoever stands aside is kept waiting after the other process of its identity has left, which may just restart.
    /// </summary>
    public int PrecedenceMs { get; init; } = 10_000;

    /// <summary>
    /// How often the start is counted up and told to the others while the process runs: a copy of the directory that is older than this is
    /// recognised, also one that was made under a running process.
    /// </summary>
    public int CountUpEveryMs { get; init; } = 30_000;

    /// <summary>Where to listen; port 0 takes a free one, see <see cref="TcpTransport.LocalEndPoint"/>.</summary>
    public required IPEndPoint Listen { get; init; }

    /// <summary>
    /// Both sides show a certificate of the cluster's authority that has their <see cref="MemberName"/> among its DNS names.
    /// Null: plain TCP, for loopback in development and for tests.
    /// </summary>
    public TlsMaterial? Tls { get; init; }

    /// <summary>TCP_USER_TIMEOUT: how long sent bytes may stay unacknowledged before the connection counts as broken.</summary>
    public int UserTimeoutMs { get; init; } = 2_000;

    public int ConnectTimeoutMs { get; init; } = 1_000;

    /// <summary>First pause after a failed connection; doubles, with jitter, up to <see cref="MaxBackoffMs"/>.</summary>
    public int MinBackoffMs { get; init; } = 20;

    public int MaxBackoffMs { get; init; } = 1_000;

    /// <summary>Bytes of appends that may wait for one member; what comes on top is dropped and sent again by the protocol.</summary>
    public int BulkQueueBytes { get; init; } = 16 << 20;

    /// <summary>Bytes of everything else that may wait for one member.</summary>
    public int ControlQueueBytes { get; init; } = 1 << 20;

    /// <summary>The most that one snapshot on its way takes of the network; 0: no limit.</summary>
    public long SnapshotBytesPerSecond { get; init; }

    /// <summary>The largest frame that is accepted; room for the largest append.</summary>
    public int MaxFrameBytes { get; init; } = 32 << 20;
}
