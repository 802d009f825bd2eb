using System.IO.Hashing;
using Microsoft.Win32.SafeHandles;

namespace VideoScale.ControlPlane.Host.EventLog;

/// <summary>
/// One segment file as readers see it. Usually a whole segment; a replica that joined by snapshot has a part of one until the rest is
/// fetched.
/// </summary>
internal sealed class SegmentPart(string path, SegmentHeader header, int headerBytes)
{
    private volatile PartExtent _extent = new(header.FirstSeq - 1, headerBytes, 0, 0, default, default, header.PreviousChain);
    private volatile IPartIndex _index = EmptyIndex.Instance;
    private volatile bool _closed;

    public string Path { get; } = path;
    public SegmentHeader Header { get; } = header;
    public int HeaderBytes { get; } = headerBytes;
    public ulong FirstSeq => Header.FirstSeq;
    public string IndexPath => System.IO.Path.ChangeExtension(Path, ".idx");

    public PartExtent Extent { get => _extent; set => _extent = value; }
    public IPartIndex Index { get => _index; set => _index = value; }

    /// <summary>Nothing more is ever written to it.</summary>
    public bool Closed { get => _closed; set => _closed = value; }

    /// <summary>True when it ends where its segment ends.</summary>
    public bool IsFull => Extent.LastSeq > 0 && Extent.LastSeq % Header.EventsPerSegment == 0 && Extent.LastSeq >= FirstSeq;
    public bool IsEmpty => Extent.LastSeq < FirstSeq;
    public bool Contains(ulong seq) => seq >= FirstSeq && seq <= Extent.LastSeq;

    public SafeFileHandle OpenRead() => File.OpenHandle(Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);

    /// <summary>Names a stream in indexes; 128 bits, so that two streams never share one.</summary>
    public static UInt128 StreamKey(ReadOnlySpan<byte> stream) => XxHash128.HashToUInt128(stream);

    public EventLogException Corrupt(long offset, string problem) =>
        new(EventLogProblem.Corrupt,
            $"{Path} is damaged at byte {offset}: {problem}; move the file away and let the replica fetch it again from its peers");

    private sealed class EmptyIndex : IPartIndex
    {
        public static readonly EmptyIndex Instance = new();
        public IndexPoint PointBySeq(ulong seq) => throw new InvalidOperationException("an empty file has no records");
        public IndexPoint? PointByRaftIndex(ulong raftIndex) => null;
        public IndexPoint? PointByTime(Model.LogTime time) => null;
        public StreamPostings? FindStream(UInt128 streamKey) => null;
    }
}
