using VideoScale.MediaNode.Sctp;

namespace VideoScale.MediaNode.DataChannels;

/// <summary>What became of a message that was to be sent.</summary>
public enum SendOutcome : byte
{
    Taken = 0,
    /// <summary>There is no such channel, or not yet.</summary>
    NotOpen = 1,
    /// <summary>It may be lost, and more waits than its receiver takes in a tenth of a second.</summary>
    Dropped = 2,
    /// <summary>It may not be lost, and its receiver has fallen behind by all that is kept for it.</summary>
    Overflow = 3,
}

/// <summary>
/// The data channels of one peer, who opens them, or has us open them: packets in and out as in <see cref="SctpAssociation"/>, messages by
/// channel.
/// </summary>
public sealed class DataConnection
{
    /// <summary>What is kept for a receiver that does not keep up: that of one is no burden for anybody else.</summary>
    public const int MaxReliableOctets = 1 << 20;
    /// <summary>A few messages always fit, whatever the rate.</summary>
    private const int LeastLossyOctets = 8 << 10;
    /// <summary>More than any client opens; each costs a little.</summary>
    private const int MaxChannels = 64;
    private const uint OpeningProtocol = 50, TextProtocol = 51, BinaryProtocol = 53;

    private readonly SctpAssociation _association;
    private readonly DataChannel?[] _byKind = new DataChannel?[(int)DataChannelKind.Other + 1];
    private readonly Dictionary<ushort, DataChannel> _byStream = [];
    private readonly DrainRate _rate = new();
    /// <summary>Channels of ours that the peer has not confirmed.</summary>
    private readonly List<DataChannel> _opening = [];
    private int _openedIn; // which beginning of the association they were said in

    /// <summary>Channels that we open.</summary>
    public static DataConnection Opening(ReadOnlySpan<byte> secret)
    {
        var connection = new DataConnection(secret) { BeginsHere = true };
        connection._opening.AddRange(DataChannel.Ours);
        return connection;
    }

    public DataConnection(ReadOnlySpan<byte> secret) => _association = new SctpAssociation(secret);

    /// <summary>Channels that their client has opened elsewhere, and means to go on with.</summary>
    public DataConnection(ReadOnlySpan<byte> secret, IReadOnlyList<DataChannel> channels)
    {
        _association = new SctpAssociation(secret);
        foreach (var channel in channels.Take(MaxChannels)) Add(channel);
        BeginsHere = true;
    }

    /// <summary>
    /// The association is ours to begin: <see cref="Connect"/> once there is a way to the client, which may believe in one that nobody
    /// knows any more.
    /// </summary>
    public bool BeginsHere { get; private set; }

    public SctpState State => _association.State;
    public string AbortReason => _association.AbortReason;

    public IReadOnlyList<DataChannel> Channels => [.. _byStream.Values.OrderBy(channel => channel.Stream)];
    /// <summary>How often that has changed.</summary>
    public int Changes { get; private set; }

    public void Connect(long nowUs)
    {
        BeginsHere = false;
        _association.Connect(nowUs);
    }

    public bool IsOpen(DataChannelKind kind) => _byKind[(int)kind] is not null && State is SctpState.Established;

    public void Handle(ReadOnlySpan<byte> packet, long nowUs) => _association.Handle(packet, nowUs);

    public void Advance(long nowUs)
    {
        _association.Advance(nowUs);
        _rate.Step(_association.AckedOctets, nowUs);
    }

    public int NextPacket(Span<byte> into, long nowUs)
    {
        if (_opening.Count > 0) SayOpenings(nowUs);
        return _association.NextPacket(into, nowUs);
    }

    private void SayOpenings(long nowUs)
    {
        if (State is not SctpState.Established || _openedIn == _association.Beginnings) return;
        _openedIn = _association.Beginnings;
        foreach (var channel in _opening)
            _association.Send(channel.Stream, OpeningProtocol, ChannelOpening.Write(channel), new Delivery(), nowUs);
    }

    /// <summary>The next message of one of LiveKit's channels. What opens and closes channels is met here.</summary>
    public bool TryReceive(out DataChannelKind kind, out byte[] payload, long nowUs)
    {
        while (_association.TryReceive(out var message, nowUs))
        {
            if (message.Protocol == OpeningProtocol) Open(message, nowUs);
            else if (message.Protocol is TextProtocol or BinaryProtocol && _byStream.TryGetValue(message.Stream, out var channel)
                && channel.Kind is not DataChannelKind.Other)
            {
                (kind, payload) = (channel.Kind, message.Payload);
                return true;
            }
        }
        while (_association.TryTakeClosed(out var stream)) Close(stream);
        (kind, payload) = (DataChannelKind.Other, []);
        return false;
    }

    public SendOutcome Send(DataChannelKind kind, ReadOnlyMemory<byte> payload, long nowUs)
    {
        if (_byKind[(int)kind] is not { } channel || !IsOpen(kind)) return SendOutcome.NotOpen;
        if (!channel.Delivery.IsReliable)
        {
            var isBehind = _association.WaitingOctets(channel.Stream) > Math.Max(LeastLossyOctets, _rate.OctetsPerStep);
            return !isBehind && _association.Send(channel.Stream, BinaryProtocol, payload, channel.Delivery, nowUs)
                ? SendOutcome.Taken : SendOutcome.Dropped;
        }
        return _association.BufferedOctets + payload.Length <= MaxReliableOctets
            && _association.Send(channel.Stream, BinaryProtocol, payload, channel.Delivery, nowUs)
            ? SendOutcome.Taken : SendOutcome.Overflow;
    }

    /// <summary>A channel may be opened again in its stream, and under its label: the last one counts.</summary>
    private void Open(in SctpMessage message, long nowUs)
    {
        if (ChannelOpening.IsAck(message.Payload))
        {
            var stream = message.Stream;
            if (_opening.Find(channel => channel.Stream == stream) is { } ours && _opening.Remove(ours)) Add(ours);
            return;
        }
        if (ChannelOpening.Read(message.Stream, message.Payload) is not { } channel) return;
        if (_byStream.Count >= MaxChannels && !_byStream.ContainsKey(channel.Stream)) return;
        Add(channel);
        _association.Send(channel.Stream, OpeningProtocol, ChannelOpening.Ack, new Delivery(), nowUs);
    }

    private void Add(DataChannel channel)
    {
        _byStream[channel.Stream] = channel;
        _byKind[(int)channel.Kind] = channel;
        Changes++;
    }

    private void Close(ushort stream)
    {
        if (!_byStream.Remove(stream, out var channel)) return;
        Changes++;
        if (_byKind[(int)channel.Kind] == channel) _byKind[(int)channel.Kind] = null;
        _association.ResetStream(stream); // the other direction with it (RFC 8831 §6.7)
    }
}
