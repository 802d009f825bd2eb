using System.Security.Cryptography;
using VideoScale.MediaNode.DataChannels;
using VideoScale.MediaNode.Sctp;

namespace VideoScale.MediaNode.Host.Udp;

/// <summary>What a client's data channels are when its room leaves this node.</summary>
/// <param name="Association">Null when it could not be brought to rest: then it has to begin anew.</param>
/// <param name="Unacknowledged">Messages that the client may not have had.</param>
public sealed record DataHandover(SctpHandover? Association, IReadOnlyList<byte[]> Unacknowledged);

/// <summary>Data channels that come from another node, or go to one.</summary>
public sealed partial class MediaShard
{
    private const int SecretLength = 32;
    /// <summary>
    /// Longer than clients delay an acknowledgement (200 ms); whoever has not taken all by then begins its association anew.
    /// </summary>
    private const long RestUs = 300_000;

    /// <summary>Goes on with channels that a peer has opened at another node.</summary>
    public void OpenData(int id, IReadOnlyList<DataChannel> channels, SctpHandover? association)
    {
        if (_peers.Find(id) is { Data: null } peer) peer.Data = new DataConnection(Secret(), channels, association);
    }

    /// <summary>Brings a peer's data channels to rest and says what they are then; what the peer sends from then on it keeps.</summary>
    public void HandOverData(int id, Action<DataHandover> done)
    {
        if (_peers.Find(id) is not { Data: { } data } peer)
        {
            done(new DataHandover(null, []));
            return;
        }
        peer.HandOver = (done, NowUs + RestUs);
        TryHandOver(peer, data, NowUs);
    }

    private static void TryHandOver(ShardPeer peer, DataConnection data, long nowUs)
    {
        if (peer.HandOver is not { } handOver) return;
        var association = data.TryHandOver();
        if (association is null && nowUs < handOver.UntilUs) return;
        peer.HandOver = null;
        peer.HasHandedOver = true;
        handOver.Done(new DataHandover(association, association is null ? data.Unacknowledged() : []));
    }

    private static byte[] Secret() => RandomNumberGenerator.GetBytes(SecretLength);
}
