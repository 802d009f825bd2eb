using System.Buffers.Binary;
using VideoScale.Consensus;
using VideoScale.Consensus.Core;
using VideoScale.Simulation.World;

namespace VideoScale.Simulation.Workloads;

/// <summary>
/// The least state machine that shows a lost, repeated or reordered command: each client's last number, and a hash of all.
/// </summary>
internal sealed class JournalMachine(int clients) : IMachine
{
    public const int CommandBytes = 16;
    private ulong[] _last = new ulong[clients];
    private ulong _hash;

    public static byte[] Command(int client, ulong sequence)
    {
        var bytes = new byte[CommandBytes];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, client);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(8), sequence);
        return bytes;
    }

    /// <summary>A command that nobody waits for, in no order with others.</summary>
    public static byte[] Noise(ulong number) => Command(-1, number);

    public object? Apply(in Entry entry)
    {
        var client = (int)BinaryPrimitives.ReadInt64LittleEndian(entry.Payload.Span);
        var sequence = BinaryPrimitives.ReadUInt64LittleEndian(entry.Payload.Span[8..]);
        if (client < 0)
        {
            unchecked { _hash = (_hash ^ ~sequence) * 0x9FB21C651E98DF25; }
            return null;
        }
        if (sequence <= _last[client])
            throw new Violation("exactly-once", $"command {sequence} of client {client} was applied again at {entry.Index}");
        if (sequence != _last[client] + 1)
            throw new Violation("exactly-once",
                $"command {sequence} of client {client} was applied at {entry.Index} after {_last[client]}");
        _last[client] = sequence;
        unchecked { _hash = (_hash ^ ((ulong)client << 56) ^ sequence) * 0x9FB21C651E98DF25; }
        return null;
    }

    public void EndOfRun(ulong appliedIndex) { }

    public object Capture() => (_last.ToArray(), _hash);

    public void Restore(object state, ulong index)
    {
        var (last, hash) = ((ulong[], ulong))state;
        (_last, _hash) = (last.ToArray(), hash);
    }

    public ulong Hash() => _hash;
}
