using System.Net;
using VideoScale.Rpc;

namespace VideoScale.Consensus.DotNext.Transport;

/// <summary>Who we are to the others, and how long each kind of request may take.</summary>
internal sealed record TransportSettings
{
    internal required UInt128 ClusterId { get; init; }
    internal required MemberId Self { get; init; }
    internal required IPEndPoint Listen { get; init; }

    /// <summary>Null: plain TCP, for loopback in development and for tests.</summary>
    internal TlsMaterial? Tls { get; init; }

    /// <summary>
    /// The shortest silence after which there is an election: no vote is waited for longer, so that a hung member costs none.
    /// </summary>
    internal required TimeSpan ElectionTimeout { get; init; }

    internal int ConnectTimeoutMs { get; init; } = 1_000;

    /// <summary>
    /// For one piece of entries to be received, synced and answered. A member that takes longer counts as silent meanwhile.
    /// </summary>
    internal TimeSpan EntriesTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Without any byte going further.</summary>
    internal TimeSpan SnapshotTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Entries go over in pieces of about this size; each is a sign of life to who receives it.</summary>
    internal int PieceBytes { get; init; } = 1 << 20;

    internal long SnapshotBytesPerSecond { get; init; }

    /// <summary>The largest body that is accepted: room for the largest command.</summary>
    internal int MaxFrameBytes { get; init; } = 32 << 20;
}
