using System.Text;

namespace VideoScale.MediaNode.DataChannels;

/// <summary>Who a packet is from, as its receivers are told; texts are empty for one who is hidden.</summary>
public readonly record struct DataSender(string Sid, string Identity);

/// <summary>
/// One livekit.DataPacket as its sender wrote it: read as far as it has to be for its way, the rest passes untouched, known or not.
/// </summary>
public sealed record DataMessage
{
    // livekit.DataPacket
    private const int Kind = 1, User = 2, Identity = 4, Destinations = 5, SequenceField = 16, Sid = 17;
    private const int Transcription = 7, Metrics = 8, Chat = 9;
    // livekit.UserPacket
    private const int UserSid = 1, UserPayload = 2, UserSids = 3, UserTopic = 4, UserIdentity = 5, UserDestinations = 6, UserNonce = 11;
    /// <summary>More than a room has; the rest of the list is passed over.</summary>
    private const int MaxDestinations = 10_000;

    private readonly byte[] _octets;

    private DataMessage(byte[] octets) => _octets = octets;

    /// <summary>Counted by its sender over all its reliable packets; 0 for none.</summary>
    public uint Sequence { get; private init; }
    /// <summary>Receivers by identity; with <see cref="DestinationSids"/> both empty: everybody.</summary>
    public IReadOnlyList<string> DestinationIdentities { get; private init; } = [];
    /// <summary>Receivers by sid, of older clients.</summary>
    public IReadOnlyList<string> DestinationSids { get; private init; } = [];
    /// <summary>Whom its sender names as the sender.</summary>
    public string ClaimedIdentity { get; private init; } = "";
    /// <summary>For those who look after the room, not for participants.</summary>
    public bool IsMetrics { get; private init; }
    /// <summary>Words, which an agent may say in somebody else's name.</summary>
    public bool IsSpeech { get; private init; }

    /// <returns>Null when it is no such packet.</returns>
    public static DataMessage? Read(byte[] octets)
    {
        var (identities, sids, user) = (new List<string>(), new List<string>(), new List<string>());
        var (sequence, claimed, isMetrics, isSpeech) = (0u, "", false, false);
        var reader = new ProtoReader(octets);
        while (reader.Next())
            switch (reader.Field, reader.Wire)
            {
                case (SequenceField, ProtoReader.Varint): sequence = unchecked((uint)reader.Number); break;
                case (Identity, ProtoReader.Bytes): claimed = Encoding.UTF8.GetString(reader.Value); break;
                case (Destinations, ProtoReader.Bytes): Add(identities, reader.Value); break;
                case (Metrics, ProtoReader.Bytes): isMetrics = true; break;
                case (Transcription or Chat, ProtoReader.Bytes): isSpeech = true; break;
                case (User, ProtoReader.Bytes) when !ReadUser(reader.Value, user, sids): return null;
            }
        if (reader.IsBroken) return null;
        return new DataMessage(octets)
        {
            Sequence = sequence,
            DestinationIdentities = identities.Count > 0 ? identities : user,
            DestinationSids = sids,
            ClaimedIdentity = claimed,
            IsMetrics = isMetrics,
            IsSpeech = isSpeech,
        };
    }

    /// <summary>As its receivers get it: from whom, and over which kind of channel, the node says.</summary>
    public byte[] Write(in DataSender sender, bool isLossy)
    {
        var output = new ProtoWriter(_octets.Length + 128);
        output.Number(Kind, isLossy ? 1u : 0u);
        var reader = new ProtoReader(_octets);
        while (reader.Next())
        {
            if (reader.Field is Kind or Identity or Sid) continue;
            if (reader.Field == User && reader.Wire == ProtoReader.Bytes) output.Octets(User, WriteUser(reader.Value, sender));
            else output.Raw(reader.Whole);
        }
        output.Text(Identity, sender.Identity);
        output.Text(Sid, sender.Sid);
        return output.Written.ToArray();
    }

    /// <summary>A packet of the server itself.</summary>
    public static DataMessage OfServer(ReadOnlySpan<byte> payload, IReadOnlyList<string> identities, IReadOnlyList<string> sids,
        string? topic, ReadOnlySpan<byte> nonce)
    {
        var user = new ProtoWriter(payload.Length + 128);
        if (!payload.IsEmpty) user.Octets(UserPayload, payload);
        foreach (var sid in sids) user.Octets(UserSids, Encoding.UTF8.GetBytes(sid));
        foreach (var identity in identities) user.Octets(UserDestinations, Encoding.UTF8.GetBytes(identity));
        if (topic is not null) user.Octets(UserTopic, Encoding.UTF8.GetBytes(topic));
        if (!nonce.IsEmpty) user.Octets(UserNonce, nonce);
        var packet = new ProtoWriter(user.Written.Length + 128);
        packet.Octets(User, user.Written);
        foreach (var identity in identities) packet.Octets(Destinations, Encoding.UTF8.GetBytes(identity));
        return new DataMessage(packet.Written.ToArray()) { DestinationIdentities = identities, DestinationSids = sids };
    }

    private static bool ReadUser(ReadOnlySpan<byte> user, List<string> identities, List<string> sids)
    {
        var reader = new ProtoReader(user);
        while (reader.Next())
            if (reader.Wire != ProtoReader.Bytes) continue;
            else if (reader.Field == UserSids) Add(sids, reader.Value);
            else if (reader.Field == UserDestinations) Add(identities, reader.Value);
        return !reader.IsBroken;
    }

    private static ReadOnlySpan<byte> WriteUser(ReadOnlySpan<byte> user, in DataSender sender)
    {
        var output = new ProtoWriter(user.Length + 128);
        var reader = new ProtoReader(user);
        while (reader.Next())
            if (reader.Field is not (UserSid or UserIdentity)) output.Raw(reader.Whole);
        output.Text(UserSid, sender.Sid);
        output.Text(UserIdentity, sender.Identity);
        return output.Written;
    }

    private static void Add(List<string> list, ReadOnlySpan<byte> text)
    {
        if (list.Count < MaxDestinations) list.Add(Encoding.UTF8.GetString(text));
    }
}
