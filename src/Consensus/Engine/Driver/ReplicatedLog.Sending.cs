using VideoScale.Consensus.Core;

namespace VideoScale.Consensus.Engine.Driver;

/// <summary>
/// Snapshots on their way to members that are far behind. A broken transfer goes on with the same snapshot, although newer ones were made
/// since, and the log behind it is kept meanwhile: else a slow link would start from the beginning again and again.
/// </summary>
public sealed partial class ReplicatedLog
{
    private const int TicksBetweenLooks = 16;
    private readonly SortedDictionary<MemberId, Sending> _sending = [];

    /// <param name="Index">The snapshot; once it has arrived, what the member has.</param>
    /// <param name="Since">Tick of the last sign of life.</param>
    private readonly record struct Sending(ulong Index, long Since);

    private void SendSnapshot(MemberId member)
    {
        var index = _core.Snapshot.Index;
        if (_sending.TryGetValue(member, out var before) && before.Index >= _core.Log.BaseIndex)
        {
            using var held = _store.Open(before.Index);
            if (held is not null) index = before.Index;
        }
        _sending[member] = new Sending(index, _ticks);
        KeepWhatIsSent();
        _transport.SendSnapshot(member, _core.Term, index);
    }

    private void TickSending()
    {
        if (_sending.Count == 0 || _ticks % TicksBetweenLooks != 0) return;
        var count = _core.Role == RaftRole.Leader ? _core.CopyProgress(_catchingUp) : 0;
        foreach (var (member, sending) in _sending.ToArray())
        {
            var peer = Array.Find(_catchingUp[..count], p => p.Member == member);
            if (peer.Member.IsNone || peer.SilentTicks > _options.SnapshotPatienceTicks
                || (peer.State != PeerState.Snapshot && peer.Match >= _compactTo)) _sending.Remove(member);
            else _sending[member] = new Sending(Math.Max(sending.Index, peer.Match), _ticks);
        }
        KeepWhatIsSent();
        Compact();
    }

    private void KeepWhatIsSent() => _store.Keep([.. _sending.Values.Select(sending => sending.Index)]);

    /// <summary>
    /// How far the log may be compacted without losing what follows a snapshot on its way, as long as that is not too much to hold.
    /// </summary>
    private ulong SendingLimit()
    {
        var limit = ulong.MaxValue;
        foreach (var sending in _sending.Values) limit = Math.Min(limit, sending.Index);
        if (limit >= _core.Log.LastIndex || limit < _core.Log.BaseIndex) return ulong.MaxValue;
        return _core.Log.BytesBetween(limit, _core.Log.LastIndex) <= _options.MaxHeldForSnapshotsBytes ? limit : ulong.MaxValue;
    }
}
