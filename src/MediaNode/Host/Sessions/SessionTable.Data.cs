using VideoScale.MediaNode.DataChannels;
using VideoScale.MediaNode.Host.Udp;

namespace VideoScale.MediaNode.Host.Sessions;

/// <summary>Messages between shards and sessions.</summary>
internal sealed partial class SessionTable
{
    private void FollowData(MediaShard shard)
    {
        shard.DataReceived += arrival => _loop.Post(() => OnData(arrival));
        shard.DataChanged += (peer, state) => _loop.Post(() =>
        {
            if (_byPeer.TryGetValue(peer, out var session)) session.OnDataChanged(session.TransportOf(peer), state);
        });
        shard.DataFailed += (peer, why) => _loop.Post(() => OnDataFailed(peer, why));
    }

    internal void SendData(int shard, IReadOnlyList<int> peers, DataChannelKind kind, byte[] octets) =>
        _plane.Shards[shard].Post(on => on.SendData(peers, kind, octets));

    private void OnData(in DataArrival arrival)
    {
        arrival.Backlog.Done(arrival.Payload.Length);
        if (_byPeer.TryGetValue(arrival.Peer, out var session)) session.OnData(arrival.Kind, arrival.Payload);
    }

    /// <summary>A message that may not be lost could not be delivered: rather than missing it unseen, its receiver begins anew.</summary>
    private void OnDataFailed(int peer, string why)
    {
        if (_byPeer.TryGetValue(peer, out var session) && session.Room.GivenUpAtMs == 0) StartAnew(session, why);
    }
}
