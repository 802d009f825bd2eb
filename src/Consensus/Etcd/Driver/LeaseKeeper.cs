using VideoScale.Consensus.Etcd.Client;
using VideoScale.Consensus.Etcd.Layout;

namespace VideoScale.Consensus.Etcd.Driver;

/// <summary>
/// Keeps this process's lease in etcd alive: the leader's key and the sign of its presence go with it. Counts its life from before each
/// renewal was sent, so that it is never taken for longer than etcd gives it.
/// </summary>
internal sealed class LeaseKeeper(EtcdClient client, EtcdKeys keys, EtcdOptions options, MemberId self, Func<ulong> applied,
    Troubles troubles)
{
    private const string Doing = "keeping its lease";
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);
    private static readonly long PresenceMs = 5_000;
    private readonly TimeSpan _period = TimeSpan.FromSeconds(options.LeaseSeconds) / 5;
    private long _lease;
    private long _confirmedAt = long.MinValue / 2;
    private long _toldAt = long.MinValue / 2;
    private ulong _told;

    /// <summary>Something about the lease changed.</summary>
    internal required Action Changed { get; init; }

    /// <summary>0: there is none.</summary>
    internal long Lease => Volatile.Read(ref _lease);

    /// <summary>It may end before it is renewed: a quarter of its time is left for that.</summary>
    internal bool IsDoubtful =>
        Lease == 0 || Environment.TickCount64 - Volatile.Read(ref _confirmedAt) > options.LeaseSeconds * 1_000L * 3 / 4;

    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var pause = _period;
            try
            {
                await RenewAsync(cancellationToken);
                await TellPresenceAsync(cancellationToken);
                troubles.Over(Doing);
                troubles.Answered();
            }
            catch (EtcdException e)
            {
                troubles.Note(Doing, e);
                if (e.Fault == EtcdFault.LeaseGone) Volatile.Write(ref _lease, 0);
                pause = Pause;
            }
            await Task.Delay(pause, cancellationToken);
        }
    }

    /// <summary>What goes with it goes now, instead of when its time is up.</summary>
    internal async Task EndAsync(CancellationToken cancellationToken)
    {
        var lease = Interlocked.Exchange(ref _lease, 0);
        if (lease == 0) return;
        try { await client.RevokeLeaseAsync(lease, cancellationToken); }
        catch (EtcdException e) { troubles.Note(Doing, e); } // its time will be up
    }

    private async Task RenewAsync(CancellationToken cancellationToken)
    {
        var before = Environment.TickCount64;
        if (Lease == 0)
        {
            Volatile.Write(ref _lease, await client.GrantLeaseAsync(options.LeaseSeconds, cancellationToken));
            _toldAt = long.MinValue / 2;
        }
        else if (!await client.KeepAliveAsync(Lease, cancellationToken))
        {
            Volatile.Write(ref _lease, 0);
            Changed();
            throw new EtcdException(EtcdFault.LeaseGone, "its lease in etcd ended before it was renewed");
        }
        Volatile.Write(ref _confirmedAt, before);
        Changed();
    }

    private async Task TellPresenceAsync(CancellationToken cancellationToken)
    {
        var now = applied();
        var sinceTold = Environment.TickCount64 - _toldAt;
        if (sinceTold < PresenceMs || (now == _told && sinceTold < long.MaxValue / 4)) return;
        var put = Txn.Put(keys.Presence(self), new HeadValue(now, 0).Encode(), Lease);
        await client.TxnAsync(new TxnRequest { Success = { put } }, cancellationToken);
        (_told, _toldAt) = (now, Environment.TickCount64);
    }
}
