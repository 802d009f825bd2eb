using VideoScale.MediaNode.DataChannels;
using VideoScale.V1;

namespace VideoScale.MediaNode.Host.Sessions;

/// <summary>
/// Data channels of a session that goes to another node with its room. Its client knows nothing of that: its channels stay open, and what
/// they run over begins anew with its keys.
/// </summary>
internal sealed partial class ParticipantSession
{
    private IReadOnlyList<DataChannel> _channels = [], _receivingChannels = [];
    private CarriedData? _carriedData;

    private CarriedData? DescribeData()
    {
        if (_channels.Count + _receivingChannels.Count == 0) return null;
        var data = new CarriedData { LastSequence = LastSequence };
        data.Channels.AddRange(_channels.Select(channel => channel.ToCarried()));
        data.Receiving.AddRange(_receivingChannels.Select(channel => channel.ToCarried()));
        return data;
    }

    private void CarryData(CarriedData? data)
    {
        if (data is null) return;
        _carriedData = data;
        LastSequence = data.LastSequence;
    }

    /// <summary>With a transport its channels are there, as the client knows them; or it is the one over which we open some.</summary>
    internal void OpenData(PeerTransport transport)
    {
        var peer = transport.PeerNumber;
        var isOurs = transport == Downlink && Offers is not null;
        var carried = isOurs ? _carriedData?.Receiving : _carriedData?.Channels;
        DataChannel[] channels = [.. carried?.Select(channel => channel.ToChannel()) ?? []];
        if (channels.Length > 0) transport.Post(shard => shard.OpenData(peer, channels));
        else if (isOurs) transport.Post(shard => shard.OfferData(peer));
    }
}
