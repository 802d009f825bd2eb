using LiveKit.Proto;
using VideoScale.MediaNode.DataChannels;
using VideoScale.Model;

namespace VideoScale.MediaNode.Host.Sessions;

/// <summary>Messages of data channels on their way through the room: to whom, and to whom again.</summary>
internal sealed partial class RoomSession
{
    private readonly RecentMessages _recent = new();

    /// <summary>Passes a message on: to those it names, or to everybody, and never back.</summary>
    /// <param name="octets">As its receivers get it.</param>
    /// <param name="from">Null when the server says it.</param>
    internal void Deliver(DataMessage message, byte[] octets, DataChannelKind kind, ParticipantSession? from)
    {
        if (kind is DataChannelKind.Reliable && message.Sequence > 0 && from is not null)
            _recent.Add(new PassedMessage(from.Sid, message, octets, Environment.TickCount64));
        var receivers = new Dictionary<int, List<int>>();
        foreach (var other in _participants.Values)
        {
            if (other == from || !IsFor(message, other)) continue;
            if (other.IsDataOpen)
            {
                if (!receivers.TryGetValue(other.Downlink.ShardNumber, out var peers)) receivers[other.Downlink.ShardNumber] = peers = [];
                peers.Add(other.Downlink.PeerNumber);
            }
            else if (kind is DataChannelKind.Reliable) other.Held.Add(octets);
        }
        foreach (var (shard, peers) in receivers) table.SendData(shard, peers, kind, octets);
    }

    /// <summary>Whoever has come back gets what it says it has not had.</summary>
    internal void DeliverAgain(ParticipantSession to, IReadOnlyDictionary<string, uint> had)
    {
        foreach (var passed in _recent.After(had, Environment.TickCount64))
        {
            if (passed.SenderSid == to.Sid || !IsFor(passed.Message, to)) continue;
            if (to.IsDataOpen) table.SendData(to.Downlink.ShardNumber, [to.Downlink.PeerNumber], DataChannelKind.Reliable, passed.Octets);
            else to.Held.Add(passed.Octets);
        }
    }

    /// <summary>The server API's own words.</summary>
    internal Failure? Say(SendDataRequest request)
    {
        var message = DataMessage.OfServer(request.Data.Span, request.DestinationIdentities, request.DestinationSids,
            request.HasTopic ? request.Topic : null, request.Nonce.Span);
        var isLossy = request.Kind is DataPacket.Types.Kind.Lossy;
        var octets = message.Write(new DataSender("", ""), isLossy);
        if (octets.Length > Sctp.SctpOptions.MaxMessageOctets)
            return Failure.InvalidArgument($"data: {octets.Length} octets as a message, at most {Sctp.SctpOptions.MaxMessageOctets}");
        Deliver(message, octets, isLossy ? DataChannelKind.Lossy : DataChannelKind.Reliable, from: null);
        return null;
    }

    private static bool IsFor(DataMessage message, ParticipantSession receiver) =>
        (message.DestinationIdentities.Count == 0 && message.DestinationSids.Count == 0)
        || message.DestinationIdentities.Contains(receiver.Info.Identity) || message.DestinationSids.Contains(receiver.Sid);
}
