using System.Text;
using VideoScale.Harness;
using VideoScale.MediaNode.DataChannels;
using VideoScale.MediaNode.Sctp;

namespace VideoScale.MediaNode.Tests.DataChannels;

public sealed class DataConnectionTests
{
    private readonly DataConnection _node = new(new byte[16]);
    private readonly DataClient _client;
    private readonly List<(DataChannelKind Kind, byte[] Payload)> _got = [];
    private long _nowUs = 1;

    public DataConnectionTests() => _client = new DataClient(_nowUs);

    /// <param name="clientListens">Otherwise nothing of the node's reaches it.</param>
    private void Run(int turns = 50, bool clientListens = true)
    {
        var packet = new byte[2_000];
        for (var i = 0; i < turns; i++)
        {
            _nowUs += 10_000;
            _client.Association.Advance(_nowUs);
            _node.Advance(_nowUs);
            for (int length; (length = _client.Association.NextPacket(packet, _nowUs)) > 0;) _node.Handle(packet.AsSpan(0, length), _nowUs);
            while (_node.TryReceive(out var kind, out var payload, _nowUs)) _got.Add((kind, payload));
            for (int length; (length = _node.NextPacket(packet, _nowUs)) > 0;)
                if (clientListens) _client.Association.Handle(packet.AsSpan(0, length), _nowUs);
            _client.Take(_nowUs);
        }
    }

    [Fact]
    public void Channels_are_what_their_labels_say_and_answer_in_their_own_streams()
    {
        Assert.Equal(SendOutcome.NotOpen, _node.Send(DataChannelKind.Reliable, new byte[] { 1 }, _nowUs));
        Run();
        Assert.Equal(2, _client.Acks);
        Assert.True(_client.Send(DataClient.Reliable, [1], _nowUs) && _client.Send(DataClient.Lossy, [2], _nowUs));
        Assert.Equal(SendOutcome.Taken, _node.Send(DataChannelKind.Reliable, new byte[] { 3 }, _nowUs));
        Assert.Equal(SendOutcome.Taken, _node.Send(DataChannelKind.Lossy, new byte[] { 4 }, _nowUs));
        Assert.Equal(SendOutcome.NotOpen, _node.Send(DataChannelKind.DataTrack, new byte[] { 5 }, _nowUs));
        Run();
        Assert.Equal([(DataChannelKind.Reliable, 1), (DataChannelKind.Lossy, 2)],
            _got.Select(got => (got.Kind, (int)got.Payload[0])).Order());
        Assert.Equal([(DataClient.Reliable, 3), (DataClient.Lossy, 4)],
            _client.Got.Select(got => (got.Stream, (int)got.Payload[0])).Order());
    }

    /// <summary>In LiveKit's older signalling; a client confirms them, and may have begun the association at the same moment.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Channels_of_ours_are_open_once_the_client_has_confirmed_them(bool bothBegin)
    {
        var node = DataConnection.Opening(new byte[16]);
        var client = new SctpAssociation(Enumerable.Repeat((byte)2, 16).ToArray());
        if (bothBegin) client.Connect(_nowUs);
        Assert.True(node.BeginsHere);
        node.Connect(_nowUs);
        var (openings, got) = (new Dictionary<ushort, (byte Type, string Label)>(), new List<(ushort, byte)>());
        Exchange();
        Assert.Equal([(1, 0, "_reliable"), (3, 0x81, "_lossy")],
            openings.OrderBy(opening => opening.Key).Select(opening => ((int)opening.Key, (int)opening.Value.Type, opening.Value.Label)));
        Assert.Equal(SendOutcome.NotOpen, node.Send(DataChannelKind.Reliable, new byte[] { 1 }, _nowUs));
        foreach (var stream in openings.Keys) client.Send(stream, 50, new byte[] { 2 }, new Delivery(), _nowUs);
        Exchange();
        Assert.Equal([1, 3], node.Channels.Select(channel => (int)channel.Stream));
        Assert.Equal(SendOutcome.Taken, node.Send(DataChannelKind.Reliable, new byte[] { 3 }, _nowUs));
        Assert.Equal(SendOutcome.Taken, node.Send(DataChannelKind.Lossy, new byte[] { 4 }, _nowUs));
        openings.Clear();
        Exchange();
        Assert.Empty(openings); // said once
        Assert.Equal([(1, 3), (3, 4)], got.Order().Select(message => ((int)message.Item1, (int)message.Item2)));

        void Exchange()
        {
            var packet = new byte[2_000];
            for (var turn = 0; turn < 50; turn++)
            {
                _nowUs += 10_000;
                client.Advance(_nowUs);
                node.Advance(_nowUs);
                for (int length; (length = client.NextPacket(packet, _nowUs)) > 0;) node.Handle(packet.AsSpan(0, length), _nowUs);
                while (node.TryReceive(out _, out _, _nowUs)) { }
                for (int length; (length = node.NextPacket(packet, _nowUs)) > 0;) client.Handle(packet.AsSpan(0, length), _nowUs);
                while (client.TryReceive(out var message, _nowUs))
                    if (message.Protocol != 50) got.Add((message.Stream, message.Payload[0]));
                    else openings.Add(message.Stream, (message.Payload[1], Encoding.ASCII.GetString(message.Payload[12..])));
            }
        }
    }

    [Fact]
    public void A_channel_that_its_client_closes_is_closed()
    {
        Run();
        _client.Association.ResetStream(DataClient.Lossy);
        Run();
        Assert.Equal((true, false), (_node.IsOpen(DataChannelKind.Reliable), _node.IsOpen(DataChannelKind.Lossy)));
        Assert.True(_client.Association.TryTakeClosed(out var closed));
        Assert.Equal(DataClient.Lossy, closed);
    }

    [Fact]
    public void For_who_takes_nothing_some_is_kept_and_then_it_is_told()
    {
        Run();
        var (taken, message) = (0, new byte[10_000]);
        while (_node.Send(DataChannelKind.Reliable, message, _nowUs) is SendOutcome.Taken && taken < 1_000)
        {
            taken++;
            Run(turns: 1, clientListens: false);
        }
        Assert.InRange(taken * message.Length, DataConnection.MaxReliableOctets / 2, DataConnection.MaxReliableOctets);
        Assert.Equal(SendOutcome.Overflow, _node.Send(DataChannelKind.Reliable, message, _nowUs));
    }

    [Fact]
    public void What_may_be_lost_is_dropped_rather_than_queued_and_flows_again_afterwards()
    {
        Run();
        var outcomes = Enumerable.Range(0, 1_000).Select(_ => _node.Send(DataChannelKind.Lossy, new byte[1_000], _nowUs)).ToList();
        Assert.InRange(outcomes.Count(outcome => outcome is SendOutcome.Taken), 5, 20); // 8 KiB
        Assert.DoesNotContain(SendOutcome.Overflow, outcomes);
        Run();
        Assert.Equal(SendOutcome.Taken, _node.Send(DataChannelKind.Lossy, new byte[1_000], _nowUs));
    }

    [Fact]
    public void Openings_of_any_shape_open_nothing_or_a_channel()
    {
        byte[] good = [3, 0x82, 0, 0, 0, 0, 0, 50, 0, 6, 0, 0, .. "_lossy"u8];
        Assert.Equal(new DataChannel(7, DataChannelKind.Lossy, new Delivery(true, null, 50_000)), ChannelOpening.Read(7, good));
        Fuzz.Run([good, [3, 1, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0]], input => ChannelOpening.Read(1, input));
    }
}
