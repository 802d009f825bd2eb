using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace VideoScale.Consensus.Contract;

/// <summary>Keeps every command it was given, in order; replies with how many there are.</summary>
public sealed class JournalMachine : IReplicatedStateMachine
{
    private readonly Lock _gate = new();
    private List<string> _commands = [];

    public int Restores { get; private set; }
    public int BatchEnds { get; private set; }
    public ulong LastBatchEnd { get; private set; }
    public ulong CompactionLimit { get; set; } = ulong.MaxValue;
    public string? ThrowOn { get; set; }
    /// <summary>While it is not set, nothing is applied.</summary>
    public ManualResetEventSlim Going { get; } = new(initialState: true);
    /// <summary>An entry waits for <see cref="Going"/>.</summary>
    public bool IsHeld => Volatile.Read(ref _held);
    private bool _held;

    public string[] Commands { get { lock (_gate) return [.. _commands]; } }

    public void Apply(ulong index, ulong term, ReadOnlySpan<byte> command, IBufferWriter<byte> reply)
    {
        var text = Encoding.UTF8.GetString(command);
        ArgumentNullException.ThrowIfNull(reply);
        Volatile.Write(ref _held, !Going.IsSet);
        Going.Wait();
        if (text == ThrowOn) throw new InvalidOperationException("cannot apply " + text);
        lock (_gate)
        {
            _commands.Add(text);
            BinaryPrimitives.WriteInt32LittleEndian(reply.GetSpan(4), _commands.Count);
        }
        reply.Advance(4);
    }

    public void EndOfBatch(ulong appliedIndex)
    {
        BatchEnds++;
        LastBatchEnd = appliedIndex;
    }

    public ISnapshotWriter BeginSnapshot() => new Writer(Commands);

    public async ValueTask RestoreAsync(ISnapshotReader reader, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(reader);
        using var text = new StreamReader(reader.OpenRead());
        var commands = new List<string>();
        while (await text.ReadLineAsync(cancellationToken) is { } line) commands.Add(line);
        lock (_gate) _commands = commands;
        Restores++;
    }

    public UInt128 StateHash() => 0;

    private sealed class Writer(string[] commands) : ISnapshotWriter
    {
        public void WriteTo(Stream stream, CancellationToken cancellationToken) =>
            stream.Write(Encoding.UTF8.GetBytes(string.Concat(commands.Select(c => c + "\n"))));
        public void Dispose() { }
    }
}
