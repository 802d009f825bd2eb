using System.Buffers.Binary;
using VideoScale.Consensus;
using VideoScale.ControlPlane.Audit;
using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Requests;
using VideoScale.ControlPlane.State;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Host.Replication;

/// <summary>Snapshots: time of the log, tail of the event log, request results, domain, and the hashes of both.</summary>
public sealed partial class ControlPlaneStateMachine
{
    private const byte SnapshotFormat = 1;
    private const int MaxHeadBytes = 1 << 30;

    public ISnapshotWriter BeginSnapshot() =>
        new Captured(Time, _events.Capture(), Results.Capture(), Results.Hash(), State.Capture(), State.StateHash());

    public ValueTask RestoreAsync(ISnapshotReader reader, CancellationToken cancellationToken)
    {
        using var stream = reader.OpenRead();
        var head = new CanonicalReader(ReadHead(stream));
        var format = head.ReadByte();
        if (format != SnapshotFormat)
            throw new CanonicalException($"snapshot format {format} is unknown to this program, which knows {SnapshotFormat}");
        var time = new LogTime(head.ReadInt64());
        var (stateHash, resultsHash) = (head.ReadUInt128(), head.ReadUInt128());
        _events.Restore(ref head, reader.Index);
        head.End();
        var results = CapturedResults.Restore(stream);
        var state = CapturedState.Restore(stream);
        Invariant.Require(state.StateHash() == stateHash, "a restored domain hashes as it did when it was captured");
        Invariant.Require(results.Hash() == resultsHash, "restored request results hash as they did when they were captured");
        Invariant.Require(state.LastEventSeq == _events.NextSeq - 1, "domain and event log stand at the same event");
        _runner = new(state, results, this, time);
        Marks.Clear();
        AnswersBy.Clear();
        Measure();
        TimePassed?.Invoke(Time);
        Feed.PublishRestored(reader.Index, State);
        return ValueTask.CompletedTask;
    }

    /// <summary>The domain alone, of a snapshot that nobody goes on from.</summary>
    internal static ClusterState ReadState(ISnapshotReader reader)
    {
        using var stream = reader.OpenRead();
        _ = ReadHead(stream);
        _ = CapturedResults.Restore(stream);
        return CapturedState.Restore(stream);
    }

    private static byte[] ReadHead(Stream stream)
    {
        Span<byte> length = stackalloc byte[4];
        stream.ReadExactly(length);
        var size = BinaryPrimitives.ReadInt32LittleEndian(length);
        if (size is < 1 or > MaxHeadBytes)
            throw new CanonicalException($"a snapshot's head of {size} bytes breaks the rule: 1 to {MaxHeadBytes}");
        var bytes = new byte[size];
        stream.ReadExactly(bytes);
        return bytes;
    }

    private sealed class Captured(LogTime time, EventTail tail, CapturedResults results, UInt128 resultsHash, CapturedState state,
        UInt128 stateHash) : ISnapshotWriter
    {
        public void WriteTo(Stream stream, CancellationToken cancellationToken)
        {
            using var head = new CanonicalWriter();
            head.WriteByte(SnapshotFormat);
            head.WriteInt64(time.UnixMs);
            head.WriteUInt128(stateHash);
            head.WriteUInt128(resultsHash);
            tail.WriteTo(head);
            Span<byte> length = stackalloc byte[4];
            BinaryPrimitives.WriteInt32LittleEndian(length, head.Length);
            stream.Write(length);
            stream.Write(head.WrittenSpan);
            results.WriteTo(stream);
            cancellationToken.ThrowIfCancellationRequested();
            state.WriteTo(stream);
        }

        public void Dispose() => tail.Dispose();
    }
}
