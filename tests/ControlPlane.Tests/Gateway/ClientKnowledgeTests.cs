using Google.Protobuf;
using LiveKit.Proto;
using VideoScale.ControlPlane.Host.Gateway;
using VideoScale.V1;

namespace VideoScale.ControlPlane.Tests.Gateway;

public sealed class ClientKnowledgeTests
{
    private const string Me = "PA_me";
    private readonly ClientKnowledge _knowledge = new();

    private void Told(SignalResponse response) => _knowledge.Told(Me, response.ToByteString());

    private void Joined(params TrackInfo[] tracks)
    {
        Told(new SignalResponse { Join = new JoinResponse { Participant = new ParticipantInfo { Sid = Me, Identity = "me", Version = 1 } } });
        Told(new SignalResponse { Update = new ParticipantUpdate { Participants = { new ParticipantInfo { Sid = "PA_other", Version = 7 }, new ParticipantInfo { Sid = Me, Identity = "me", Version = 2, Tracks = { tracks } } } } });
    }

    private static TrackInfo Camera => new() { Sid = "TR_camera", Type = TrackType.Video, Simulcast = true };

    [Fact]
    public void What_the_client_knows_last_is_carried()
    {
        Joined(new TrackInfo { Sid = "TR_mic", Type = TrackType.Audio });
        Told(new SignalResponse { Answer = new SessionDescription { MidToTrackId = { ["0"] = "TR_gone", ["1"] = "TR_a" } } });
        Told(new SignalResponse { Answer = new SessionDescription { MidToTrackId = { ["1"] = "TR_a", ["2"] = "TR_b" } } });
        Told(new SignalResponse { Pong = 3 });
        _knowledge.Asked(new SignalRequest { SubscriptionPermission = new SubscriptionPermission { AllParticipants = true } });
        _knowledge.Asked(new SignalRequest { Mute = new MuteTrackRequest { Sid = "TR_mic" } });
        var carried = _knowledge.Carried()!;
        var self = ParticipantInfo.Parser.ParseFrom(carried.Participant);
        Assert.Equal((Me, 2u, "TR_mic"), (self.Sid, self.Version, Assert.Single(self.Tracks).Sid));
        Assert.Equal(new Dictionary<string, string> { ["1"] = "TR_a", ["2"] = "TR_b" }, carried.Tracks);
        Assert.True(SubscriptionPermission.Parser.ParseFrom(carried.SubscriptionPermission).AllParticipants);
    }

    [Fact]
    public void A_client_that_has_nothing_yet_begins_anew()
    {
        Assert.Null(_knowledge.Carried());
        Joined();
        Assert.Null(_knowledge.Carried());
    }

    [Fact]
    public void Layers_that_no_node_could_tell_apart_are_not_carried()
    {
        Joined(Camera);
        Assert.Null(_knowledge.Carried());
        _knowledge.Learned(new SessionStreams { Streams = { new PublishedStream { TrackSid = "TR_camera", Rid = "q", Ssrc = 7, RtxSsrc = 8 } } });
        Assert.Equal(7u, Assert.Single(_knowledge.Carried()!.Streams).Ssrc);
    }

    [Fact]
    public void Permissions_asked_for_through_another_gateway_are_carried_too()
    {
        _knowledge.Opened(new SessionOpened { ParticipantSid = Me, Resumed = true, SubscriptionPermission = new SubscriptionPermission { TrackPermissions = { new TrackPermission { AllTracks = true } } }.ToByteString() });
        Joined(new TrackInfo { Sid = "TR_mic", Type = TrackType.Audio });
        Assert.True(Assert.Single(SubscriptionPermission.Parser.ParseFrom(_knowledge.Carried()!.SubscriptionPermission).TrackPermissions).AllTracks);
    }
}
