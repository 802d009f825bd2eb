using System.Text;
using LiveKit.Proto;
using VideoScale.MediaNode.DataChannels;
using VideoScale.MediaNode.Host.Sessions;
using VideoScale.MediaNode.Host.Udp;
using VideoScale.MediaNode.Sctp;
using VideoScale.MediaNode.Tests.Sdp;
using VideoScale.V1;

namespace VideoScale.MediaNode.Tests.Sessions;

public sealed class DataTests
{
    private static byte[] Numbered(uint sequence, string to = "")
    {
        var writer = new ProtoWriter(64);
        writer.Number(16, sequence);
        writer.Text(4, "somebody else");
        if (to.Length > 0) writer.Octets(5, Encoding.UTF8.GetBytes(to));
        return writer.Written.ToArray();
    }

    private static Action<OpenSession> MaySend => open => open.Grants.CanPublishData = true;

    private static ReconnectResponse Resume(SessionBed bed, ParticipantSession session, ulong epoch)
    {
        var link = new GatewayLink();
        var open = new OpenSession { RoomId = "room", Epoch = epoch, Identity = session.Identity.Value, ResumeSid = session.Sid };
        Assert.NotNull(bed.Table.Resume(open, link));
        return SessionBed.Told(link).Single(response => response.Reconnect is not null).Reconnect;
    }

    [Fact]
    public async Task What_was_said_is_held_for_who_is_on_his_way_once_and_under_its_senders_name()
    {
        await using var bed = new SessionBed();
        var (ann, _) = await bed.JoinAsync("ann", change: MaySend);
        var (bob, _) = await bed.JoinAsync("bob");
        var (cat, _) = await bed.JoinAsync("cat", change: MaySend);
        var (held, others, last) = await bed.DoAsync(() =>
        {
            foreach (var sequence in (uint[])[5, 5, 4, 6]) ann.OnData(DataChannelKind.Reliable, Numbered(sequence, "bob"));
            ann.OnData(DataChannelKind.Lossy, Numbered(0, "bob"));     // is not held
            bob.OnData(DataChannelKind.Reliable, Numbered(1));         // may not
            cat.OnData(DataChannelKind.DataTrack, Numbered(1));        // is not served
            return (bob.Held.TakeAll(), ann.Held.TakeAll().Concat(cat.Held.TakeAll()).ToList(), Resume(bed, ann, 1).LastMessageSeq);
        });
        Assert.Equal([(5u, "ann"), (6u, "ann")],
            held.Select(octets => DataMessage.Read(octets)!).Select(message => (message.Sequence, message.ClaimedIdentity)));
        Assert.Empty(others);
        Assert.Equal(6u, last);
    }

    [Fact]
    public async Task Who_comes_back_gets_what_it_says_it_has_not_had()
    {
        await using var bed = new SessionBed();
        var (ann, _) = await bed.JoinAsync("ann", change: MaySend);
        var (bob, _) = await bed.JoinAsync("bob");
        var sync = new SyncState { DatachannelReceiveStates = { new DataChannelReceiveState { PublisherSid = ann.Sid, LastSeq = 2 } } };
        var again = await bed.DoAsync(() =>
        {
            for (var sequence = 1u; sequence <= 4; sequence++) ann.OnData(DataChannelKind.Reliable, Numbered(sequence));
            bob.Held.TakeAll();
            SessionTable.Handle(bob, bob.Link!, new SignalRequest { SyncState = sync });
            return bob.Held.TakeAll();
        });
        Assert.Equal([3u, 4u], again.Select(octets => DataMessage.Read(octets)!.Sequence));
    }

    [Fact]
    public async Task Channels_and_the_last_number_go_with_the_session()
    {
        await using var bed = new SessionBed();
        var (ann, link) = await bed.JoinAsync("ann", Offers.Of("aaaa", Offers.Audio("recvonly"), Offers.Data), change: MaySend);
        DataChannel[] channels = [new(1, DataChannelKind.Lossy, new Delivery(true, 0)), new(3, DataChannelKind.Reliable, new Delivery())];
        var carried = await bed.DoAsync(() =>
        {
            ann.OnDataChanged(ann.Downlink, new DataState(true, channels));
            ann.OnData(DataChannelKind.Reliable, Numbered(7));
            bed.Table.Tick();
            return SessionBed.Carried(link)!;
        });
        Assert.Equal(7u, carried.Data.LastSequence);
        Assert.Equal(channels, carried.Data.Channels.Select(channel => channel.ToChannel()));
        var (there, _) = await bed.JoinAsync("ann", epoch: 2, change: open => (open.ResumeSid, open.Carried) = (ann.Sid, carried));
        Assert.Equal(7u, await bed.DoAsync(() => Resume(bed, there, 2).LastMessageSeq));
    }
}
