using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using VideoScale.Consensus;

namespace VideoScale.Bench.CatchUp;

/// <summary>
/// A state of any size that needs no memory: its bytes follow from a seed. Writing a snapshot makes them, restoring one compares each.
/// The first eight bytes of a command are what it adds to the state's size, in bytes.
/// </summary>
internal sealed class BulkyMachine : IReplicatedStateMachine
{
    private const int BlockBytes = 64 << 10;
    private ulong _applied;
    private ulong _size;

    public ulong CompactionLimit => ulong.MaxValue;

    /// <summary>Bytes that were restored from a snapshot, and were right.</summary>
    public ulong Restored { get; private set; }

    public static byte[] Command(ulong grow, int bytes)
    {
        var command = new byte[bytes];
        BinaryPrimitives.WriteUInt64LittleEndian(command, grow);
        return command;
    }

    public void Apply(ulong index, ulong term, ReadOnlySpan<byte> command, IBufferWriter<byte> reply)
    {
        _applied++;
        _size += BinaryPrimitives.ReadUInt64LittleEndian(command);
    }

    public void EndOfBatch(ulong appliedIndex) { }
    public ISnapshotWriter BeginSnapshot() => new Writer(_applied, _size);
    public UInt128 StateHash() => new(_applied, _size);

    public ValueTask RestoreAsync(ISnapshotReader reader, CancellationToken cancellationToken)
    {
        using var stream = reader.OpenRead();
        var head = new byte[16];
        stream.ReadExactly(head);
        (_applied, _size) = (BinaryPrimitives.ReadUInt64LittleEndian(head), BinaryPrimitives.ReadUInt64LittleEndian(head.AsSpan(8)));
        var (expected, block) = (new byte[BlockBytes], new byte[BlockBytes]);
        for (ulong at = 0; at < _size; at += BlockBytes)
        {
            Fill(expected, at);
            stream.ReadExactly(block);
            if (!block.AsSpan().SequenceEqual(expected)) throw new InvalidDataException($"the state differs after byte {at}");
        }
        Restored = _size;
        return ValueTask.CompletedTask;
    }

    private static void Fill(byte[] block, ulong at)
    {
        var words = MemoryMarshal.Cast<byte, ulong>(block.AsSpan());
        var x = at + 0x9E3779B97F4A7C15;
        for (var i = 0; i < words.Length; i++)
        {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            words[i] = x;
        }
    }

    private sealed class Writer(ulong applied, ulong size) : ISnapshotWriter
    {
        public void WriteTo(Stream stream, CancellationToken cancellationToken)
        {
            var block = new byte[BlockBytes];
            BinaryPrimitives.WriteUInt64LittleEndian(block, applied);
            BinaryPrimitives.WriteUInt64LittleEndian(block.AsSpan(8), size);
            stream.Write(block.AsSpan(0, 16));
            for (ulong at = 0; at < size; at += BlockBytes)
            {
                Fill(block, at);
                stream.Write(block);
                if (at % (64 << 20) == 0) cancellationToken.ThrowIfCancellationRequested();
            }
        }

        public void Dispose() { }
    }
}
