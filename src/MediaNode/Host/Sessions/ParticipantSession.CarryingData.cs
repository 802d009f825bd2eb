using VideoScale.MediaNode.DataChannels;
using VideoScale.MediaNode.Host.Udp;
using VideoScale.V1;

namespace VideoScale.MediaNode.Host.Sessions;

/// <summary>
/// Data channels of a session that goes to another node with its room. Its client knows nothing of that: it goes on in the association it
/// has, which the new owner takes up where this one left it, or, when this one has died, begins anew.
/// </summary>
internal sealed partial class ParticipantSession
{
    private IReadOnlyList<DataChannel> _channels = [];
    private CarriedData? _carriedData;
    private bool _handsOver;

    /// <summary>What is known of them all the time, should this node die.</summary>
    private CarriedData? DescribeData()
    {
        if (_channels.Count == 0) return null;
        var data = new CarriedData { LastSequence = LastSequence };
        data.Channels.AddRange(_channels.Select(channel => channel.ToCarried()));
        return data;
    }

    /// <summary>Brings its channels to rest; messages for it are held from now on.</summary>
    /// <param name="rested">In a later turn.</param>
    /// <returns>False when there is nothing to wait for.</returns>
    internal bool RestData(Action<DataHandover> rested)
    {
        if (!IsDataOpen || Link is null || !CanBeCarried) return false;
        (IsDataOpen, _handsOver) = (false, true);
        var (room, peer) = (Room, Media.PeerNumber);
        Media.Post(shard => shard.HandOverData(peer, handover => room.Later(() => rested(handover))));
        return true;
    }

    /// <summary>The last that its gateway hears of how to carry it.</summary>
    internal void TellRested(DataHandover handover)
    {
        if (DescribeCarried() is not { Data: { } data } carried) return;
        data.Association = handover.Association?.ToCarried();
        data.Messages.AddRange(handover.Unacknowledged.Concat(Held.TakeAll()).ToCarried());
        Link?.Send(new SessionMessage { Carried = carried });
    }

    private void CarryData(CarriedData? data)
    {
        if (data is null) return;
        _carriedData = data;
        LastSequence = data.LastSequence;
        foreach (var message in data.Messages) Held.Add(message.ToByteArray());
    }

    /// <summary>With its transport its channels are there, as its client knows them.</summary>
    internal void OpenCarriedData()
    {
        if (_carriedData is not { } data) return;
        _carriedData = null;
        var (peer, association) = (Media.PeerNumber, data.Association.ToAssociation());
        DataChannel[] channels = [.. data.Channels.Select(channel => channel.ToChannel())];
        Media.Post(shard => shard.OpenData(peer, channels, association));
    }
}
