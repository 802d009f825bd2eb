using System.Security.Cryptography;
using VideoScale.MediaNode.DataChannels;
using VideoScale.MediaNode.Sctp;

namespace VideoScale.MediaNode.Host.Udp;

/// <summary>A message of a peer, in one of its channels.</summary>
/// <param name="Backlog">Is to be told when it was handled.</param>
public readonly record struct DataArrival(int Peer, DataChannelKind Kind, byte[] Payload, DataBacklog Backlog);

/// <summary>The channels that a peer has opened.</summary>
/// <param name="IsOpen">Messages pass in its reliable one.</param>
public sealed record DataState(bool IsOpen, IReadOnlyList<DataChannel> Channels);

/// <summary>Data channels: what DTLS carries beside the handshake is SCTP.</summary>
public sealed partial class MediaShard
{
    /// <summary>In one go, so that nobody's media waits behind a large message; the rest follows with acknowledgements and ticks.</summary>
    private const int PacketsPerTurn = 128;

    private const int SecretLength = 32;
    private readonly byte[] _dataPacket = new byte[2_048];

    public DataStatistics Data { get; } = new();

    /// <summary>Raised on the shard's thread for each message; handlers must not wait.</summary>
    public event Action<DataArrival>? DataReceived;
    /// <summary>Raised on the shard's thread when a peer has opened or closed channels; handlers must not wait.</summary>
    public event Action<int, DataState>? DataChanged;
    /// <summary>Raised on the shard's thread, once, for a peer to whom not everything was delivered, and why.</summary>
    public event Action<int, string>? DataFailed;

    /// <summary>Sends a message to each of some peers; to those who have no such channel open, nothing.</summary>
    /// <param name="payload">Shared by all of them: nobody changes it any more.</param>
    public void SendData(IReadOnlyList<int> peers, DataChannelKind kind, byte[] payload)
    {
        var now = NowUs;
        foreach (var id in peers)
        {
            if (_peers.Find(id) is not { Data: { } data } peer) continue;
            switch (data.Send(kind, payload, now))
            {
                case SendOutcome.Taken: Data.Sent++; break;
                case SendOutcome.Dropped: Data.Dropped++; break;
                case SendOutcome.Overflow:
                    if (!peer.IsDataFailed) Data.Overflows++;
                    FailData(peer, $"{DataConnection.MaxReliableOctets} octets wait for it that may not be lost");
                    break;
            }
            PumpData(peer, now);
        }
    }

    /// <summary>Goes on with channels that a peer has opened at another node.</summary>
    public void OpenData(int id, IReadOnlyList<DataChannel> channels)
    {
        if (_peers.Find(id) is { Data: null } peer) peer.Data = new DataConnection(Secret(), channels);
    }

    /// <summary>Opens channels to a peer, once there is a way to it.</summary>
    public void OfferData(int id)
    {
        if (_peers.Find(id) is { Data: null } peer) peer.Data = DataConnection.Opening(Secret());
    }

    private static byte[] Secret() => RandomNumberGenerator.GetBytes(SecretLength);

    private static void HandleData(ShardPeer peer, ReadOnlySpan<byte> packet, long nowUs)
    {
        peer.Data ??= new DataConnection(Secret());
        peer.Data.Handle(packet, nowUs);
    }

    /// <summary>Hands out what has come, and sends what is due.</summary>
    private void PumpData(ShardPeer peer, long nowUs)
    {
        if (peer.Data is not { } data) return;
        while (peer.Backlog.HasRoom && data.TryReceive(out var kind, out var payload, nowUs))
        {
            Data.Received++;
            peer.Backlog.Add(payload.Length);
            DataReceived?.Invoke(new DataArrival(peer.Id, kind, payload, peer.Backlog));
        }
        var isOpen = data.IsOpen(DataChannelKind.Reliable);
        if (isOpen != peer.IsDataOpen || data.Changes != peer.DataChangesTold)
        {
            (peer.IsDataOpen, peer.DataChangesTold) = (isOpen, data.Changes);
            DataChanged?.Invoke(peer.Id, new DataState(isOpen, data.Channels));
        }
        _handshaking = peer;
        for (var i = 0; i < PacketsPerTurn && data.NextPacket(_dataPacket, nowUs) is > 0 and var length; i++)
            peer.Dtls.Write(_dataPacket.AsSpan(0, length), _sendDtls);
        if (data.State is SctpState.Aborted) FailData(peer, $"its data channels have ended: {data.AbortReason}");
    }

    private void FailData(ShardPeer peer, string why)
    {
        if (peer.IsDataFailed) return;
        peer.IsDataFailed = true;
        DataFailed?.Invoke(peer.Id, why);
    }

    private void TickData(long nowUs)
    {
        foreach (var peer in _peers.All)
        {
            if (peer.Data is not { } data || peer.State is not TransportState.Connected) continue;
            if (data.BeginsHere) data.Connect(nowUs);
            data.Advance(nowUs);
            PumpData(peer, nowUs);
        }
    }
}
