using LiveKit.Proto;
using VideoScale.MediaNode.DataChannels;
using VideoScale.MediaNode.Host.Udp;

namespace VideoScale.MediaNode.Host.Sessions;

/// <summary>What the participant sends over its data channels, and what waits for it.</summary>
internal sealed partial class ParticipantSession
{
    /// <summary>Of its numbered messages the last one that was passed on: what comes again after a resume is not.</summary>
    internal uint LastSequence { get; private set; }

    /// <summary>The channels over which it receives are open.</summary>
    internal bool IsDataOpen { get; private set; }

    /// <summary>Messages for it, until then.</summary>
    internal HeldMessages Held { get; } = new();

    /// <summary>Passes a message on, unless it is not permitted, not for participants, not readable, or was had before.</summary>
    internal void OnData(DataChannelKind kind, byte[] octets)
    {
        if (!Grants.CanPublishData || kind is not (DataChannelKind.Reliable or DataChannelKind.Lossy)) return;
        if (DataMessage.Read(octets) is not { IsMetrics: false } message) return;
        if (kind is DataChannelKind.Reliable && message.Sequence > 0)
        {
            if (message.Sequence <= LastSequence) return;
            LastSequence = message.Sequence;
            CarriedPace.Defer();
        }
        Room.Deliver(message, message.Write(SenderOf(message), kind is DataChannelKind.Lossy), kind, this);
    }

    internal void OnDataChanged(PeerTransport transport, DataState state)
    {
        CarriedPace.Defer();
        if (transport == Uplink) _channels = state.Channels;
        else _receivingChannels = state.Channels;
        if (transport != Downlink) return;
        IsDataOpen = state.IsOpen;
        if (IsDataOpen) Downlink.SendData(Held.TakeAll());
    }

    /// <summary>Whose words they are is not for the sender to say; an agent may speak for somebody, as LiveKit's transcribe.</summary>
    private DataSender SenderOf(DataMessage message)
    {
        if (IsHidden) return new DataSender("", "");
        var speaksFor = message.IsSpeech && Info.Kind is ParticipantInfo.Types.Kind.Agent && message.ClaimedIdentity.Length > 0;
        return new DataSender(Sid, speaksFor ? message.ClaimedIdentity : Info.Identity);
    }

    /// <summary>What its client says that it has had of the others.</summary>
    private void OnReceived(IEnumerable<DataChannelReceiveState> states)
    {
        var had = new Dictionary<string, uint>(StringComparer.Ordinal);
        foreach (var state in states)
            if (had.Count < MostSubscriptions) had[state.PublisherSid] = state.LastSeq;
        Room.DeliverAgain(this, had);
    }
}
