using Google.Protobuf;
using LiveKit.Proto;
using VideoScale.Harness;
using VideoScale.MediaNode.Host.Sessions;
using VideoScale.MediaNode.Tests.Sdp;

namespace VideoScale.MediaNode.Tests.Sessions;

/// <summary>What clients are told of the room itself.</summary>
public sealed class RoomInfoTests
{
    private static Room Info(string metadata) => new() { Name = "my room", Sid = "RM_1", Metadata = metadata };

    private static Task<bool> DescribeAsync(SessionBed bed, string metadata, ulong version) => bed.DoAsync(() =>
    {
        bed.Table.Find(new("room"))!.Describe(Info(metadata), version);
        return true;
    });

    private static string[] Metadata(GatewayLink link) =>
        [.. SessionBed.Told(link).Where(told => told.RoomUpdate is not null).Select(told => told.RoomUpdate.Room.Metadata)];

    [LiveKitSurface("Signalling", "room_update", Surface.Served)]
    [Fact]
    public async Task The_newest_that_any_gateway_says_holds_and_is_told_once()
    {
        await using var bed = new SessionBed();
        var (_, ann) = await bed.JoinAsync("ann", change: open => { open.Room = Info("first").ToByteString(); open.RoomVersion = 5; });
        Assert.Equal(("my room", "first"), (Assert.Single(SessionBed.Told(ann).Select(told => told.Join).OfType<JoinResponse>())
            .Room is var room ? (room.Name, room.Metadata) : default));
        await DescribeAsync(bed, "second", 9);
        await DescribeAsync(bed, "second", 9); // by another gateway
        await DescribeAsync(bed, "behind", 7); // by one that is behind
        Assert.Equal(["second"], Metadata(ann));
        var (_, bob) = await bed.JoinAsync("bob", change: open => { open.Room = Info("behind").ToByteString(); open.RoomVersion = 7; });
        Assert.Equal("second", SessionBed.Told(bob).Select(told => told.Join).OfType<JoinResponse>().Single().Room.Metadata);
        await bed.JoinAsync("cyd", change: open => { open.Room = Info("third").ToByteString(); open.RoomVersion = 12; });
        Assert.Equal(["third"], Metadata(ann));
        Assert.Equal(["third"], Metadata(bob));
        Assert.Null(bed.Broken);
    }

    [LiveKitSurface("Server API", "num_participants, num_publishers", Surface.Served)]
    [Fact]
    public async Task Agents_and_recorders_are_no_participants_who_is_hidden_is_one_and_publishers_are_those_who_publish()
    {
        await using var bed = new SessionBed();
        var (ann, annLink) = await bed.JoinAsync("ann", Offers.Of("aaaa", Offers.Simulcast()));
        await bed.JoinAsync("eve", change: open => open.Grants.Hidden = true);
        await bed.JoinAsync("bot", change: open => open.Kind = (int)ParticipantInfo.Types.Kind.Agent);
        var count = await bed.DoAsync(() => bed.Table.Find(new("room"))!.ToCount());
        Assert.Equal(("room", 1UL, 2u, 0u, false),
            (count.RoomId, count.Epoch, count.Participants, count.Publishers, count.ActiveRecording));
        await bed.AskAsync(ann,
            new SignalRequest { AddTrack = new AddTrackRequest { Cid = "cam", Type = TrackType.Video, Source = TrackSource.Camera } });
        await bed.AskAsync(ann,
            new SignalRequest { Offer = new SessionDescription { Type = "offer", Id = 2, Sdp = Offers.Of("aaaa", Offers.Simulcast()) } });
        await bed.JoinAsync("tape", change: open => open.Grants.Recorder = true);
        count = await bed.DoAsync(() => bed.Table.Find(new("room"))!.ToCount());
        Assert.Equal((2u, 1u, true), (count.Participants, count.Publishers, count.ActiveRecording));
        SessionBed.Told(annLink);
        await bed.DoAsync(() =>
        {
            bed.Table.Tick(); // that a recorder is there is told without waiting
            return true;
        });
        var told = Assert.Single(SessionBed.Told(annLink), response => response.RoomUpdate is not null).RoomUpdate.Room;
        Assert.Equal((2u, 1u, true), (told.NumParticipants, told.NumPublishers, told.ActiveRecording));
    }
}
