using VideoScale.MediaNode.DataChannels;
using VideoScale.V1;

namespace VideoScale.MediaNode.Host.Sessions;

/// <summary>
/// Data channels of a session that goes to another node with its room. Its client knows nothing of that: its channels stay open, and what
/// they run over begins anew with its keys.
/// </summary>
internal sealed partial class ParticipantSession
{
    private IReadOnlyList<DataChannel> _channels = [];
    private CarriedData? _carriedData;

    private CarriedData? DescribeData()
    {
        if (_channels.Count == 0) return null;
        var data = new CarriedData { LastSequence = LastSequence };
        data.Channels.AddRange(_channels.Select(channel => channel.ToCarried()));
        return data;
    }

    private void CarryData(CarriedData? data)
    {
        if (data is null) return;
        _carriedData = data;
        LastSequence = data.LastSequence;
    }

    /// <summary>With its transport its channels are there, as its client knows them.</summary>
    internal void OpenCarriedData()
    {
        if (_carriedData is not { } data) return;
        _carriedData = null;
        var peer = Media.PeerNumber;
        DataChannel[] channels = [.. data.Channels.Select(channel => channel.ToChannel())];
        Media.Post(shard => shard.OpenData(peer, channels));
    }
}
