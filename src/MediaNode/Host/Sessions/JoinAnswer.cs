using LiveKit.Proto;
using VideoScale.MediaNode.Host.Options;

namespace VideoScale.MediaNode.Host.Sessions;

/// <summary>What a client that joins is told of the server, the room and those in it.</summary>
internal sealed class JoinAnswer(MediaNodeOptions options)
{
    internal ServerInfo ServerInfo() => new() { Version = "1.11.0", Protocol = 17, Region = options.Region, NodeId = options.NodeId };

    internal JoinResponse Of(ParticipantSession session, IReadOnlyList<ParticipantInfo> others)
    {
        var join = new JoinResponse
        {
            Room = session.Room.Info,
            Participant = session.Info,
            ServerVersion = ServerInfo().Version,
            ServerInfo = ServerInfo(),
            ServerRegion = options.Region,
            SubscriberPrimary = session.Offers is not null,
            FastPublish = true,
            PingInterval = 5,
            PingTimeout = 15,
        };
        join.OtherParticipants.AddRange(others);
        foreach (var mime in (string[])["video/VP8", "video/H264", "audio/opus"])
            join.EnabledPublishCodecs.Add(new LiveKit.Proto.Codec { Mime = mime });
        return join;
    }
}
