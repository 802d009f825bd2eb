using VideoScale.Consensus.Apply.Directories;
using VideoScale.Consensus.Core;
using VideoScale.Consensus.Engine.Ports;

namespace VideoScale.Consensus.Engine.Wal;

/// <summary>Writes to a log without a replica: what a damaged one still held into a new one, or what recovery adds at its end.</summary>
public static class LogRewrite
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10); // a slow disk; a failing one says so

    /// <summary>Makes a new log that holds exactly this. Returns when it is durable.</summary>
    internal static void Write(string directory, MemberId member, WalOptions options, LoadedLog content)
    {
        var log = new WriteAheadLog(directory, member, options);
        try
        {
            _ = log.Load();
            var done = new Done();
            log.Start(done);
            var before = new SnapshotMeta(content.BaseIndex, content.BaseTerm, Membership.Of(), 0);
            if (content.BaseIndex > 0) log.Append(Batch(1, content.HardState, content.BaseIndex, before, default));
            ReadOnlyMemory<Entry> entries = content.Entries.ToArray();
            log.Append(Batch(2, content.HardState, content.BaseIndex + (ulong)entries.Length, null, [entries]));
            done.Wait(2, Patience);
        }
        finally { log.DisposeAsync().AsTask().GetAwaiter().GetResult(); }
    }

    /// <summary>Adds entries to a log that was loaded, under a new hard state. Returns when they are durable.</summary>
    public static void Append(WriteAheadLog log, HardState hardState, ReadOnlyMemory<Entry> entries)
    {
        ArgumentNullException.ThrowIfNull(log);
        var done = new Done();
        log.Start(done);
        log.Append(Batch(1, hardState, entries.Span[^1].Index, null, [entries]));
        done.Wait(1, Patience);
    }

    private static WriteBatch Batch(ulong token, HardState hardState, ulong last, SnapshotMeta? resetTo,
        ReadOnlySpan<ReadOnlyMemory<Entry>> entries) => new()
        {
            Token = token,
            Term = hardState.Term,
            LastIndex = last,
            HardState = hardState,
            HardStateChanged = true,
            ResetTo = resetTo,
            Entries = entries,
        };

    private sealed class Done : IStorageListener
    {
        private readonly object _gate = new();
        private ulong _durable;
        private Exception? _failure;

        public void OnDurable(ulong token, ulong term, ulong lastIndex)
        {
            lock (_gate)
            {
                _durable = token;
                Monitor.PulseAll(_gate);
            }
        }

        public void OnStorageFailed(Exception cause)
        {
            lock (_gate)
            {
                _failure = cause;
                Monitor.PulseAll(_gate);
            }
        }

        public void Wait(ulong token, TimeSpan limit)
        {
            lock (_gate)
            {
                while (_durable < token)
                {
                    if (_failure is not null) throw new StorageFailedException(_failure.Message, _failure);
                    if (!Monitor.Wait(_gate, limit)) throw new IOException($"the log was not written within {limit}");
                }
            }
        }
    }
}
