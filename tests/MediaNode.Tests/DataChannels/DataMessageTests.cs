using System.Text;
using VideoScale.Harness;
using VideoScale.MediaNode.DataChannels;

namespace VideoScale.MediaNode.Tests.DataChannels;

public sealed class DataMessageTests
{
    private static readonly DataSender Ann = new("PA_ann", "ann");

    /// <summary>What a test writes as a client would: fields by number, in any order.</summary>
    private static byte[] Message(params (int Field, object Value)[] fields)
    {
        var writer = new ProtoWriter(64);
        foreach (var (field, value) in fields)
            if (value is byte[] octets) writer.Octets(field, octets);
            else if (value is string text) writer.Octets(field, Encoding.UTF8.GetBytes(text));
            else writer.Number(field, Convert.ToUInt64(value, System.Globalization.CultureInfo.InvariantCulture));
        return writer.Written.ToArray();
    }

    private static List<(int Field, string Value)> Fields(ReadOnlySpan<byte> message)
    {
        var fields = new List<(int, string)>();
        var reader = new ProtoReader(message);
        while (reader.Next())
            fields.Add((reader.Field, reader.Wire == ProtoReader.Varint ? $"{reader.Number}" : Encoding.UTF8.GetString(reader.Value)));
        Assert.False(reader.IsBroken);
        return fields;
    }

    [Fact]
    public void Who_sent_it_and_how_says_the_node_whatever_the_sender_wrote()
    {
        var octets = Message((1, 0), (4, "eve"), (17, "PA_eve"), (5, "bob"), (5, "cat"), (16, 7), (14, "a chunk"), (99, "of tomorrow"));
        var read = DataMessage.Read(octets)!;
        Assert.Equal((7u, "eve", false), (read.Sequence, read.ClaimedIdentity, read.IsMetrics));
        Assert.Equal(["bob", "cat"], read.DestinationIdentities);
        Assert.Equal([(1, "1"), (5, "bob"), (5, "cat"), (16, "7"), (14, "a chunk"), (99, "of tomorrow"), (4, "ann"), (17, "PA_ann")],
            Fields(read.Write(Ann, isLossy: true)));
        Assert.DoesNotContain(Fields(read.Write(new DataSender("", ""), isLossy: false)), field => field.Field is 1 or 4 or 17);
    }

    [Fact]
    public void The_same_holds_inside_a_users_message_however_often_it_is_there()
    {
        var user = Message((1, "PA_eve"), (2, "hello"), (5, "eve"), (4, "chat"), (6, "bob"), (3, "PA_cat"), (77, "of tomorrow"));
        var read = DataMessage.Read(Message((2, user), (2, Message((5, "mallory")))))!;
        Assert.Equal(["bob"], read.DestinationIdentities);
        Assert.Equal(["PA_cat"], read.DestinationSids);
        var written = read.Write(Ann, isLossy: false);
        var reader = new ProtoReader(written);
        var users = new List<List<(int, string)>>();
        while (reader.Next())
            if (reader.Field == 2) users.Add(Fields(reader.Value));
        Assert.Equal([(2, "hello"), (4, "chat"), (6, "bob"), (3, "PA_cat"), (77, "of tomorrow"), (1, "PA_ann"), (5, "ann")], users[0]);
        Assert.Equal([(1, "PA_ann"), (5, "ann")], users[1]);
    }

    [Fact]
    public void The_servers_own_message_has_no_sender()
    {
        var message = DataMessage.OfServer("hello"u8, ["bob"], [], "news", "12345678"u8);
        Assert.Equal(["bob"], message.DestinationIdentities);
        var written = message.Write(new DataSender("", ""), isLossy: false);
        Assert.Equal([2, 5], Fields(written).Select(field => field.Field));
        var reader = new ProtoReader(written);
        Assert.True(reader.Next());
        Assert.Equal([(2, "hello"), (6, "bob"), (4, "news"), (11, "12345678")], Fields(reader.Value));
    }

    [Fact]
    public void What_is_no_message_is_passed_over()
    {
        Assert.Null(DataMessage.Read([0x12, 0x05, 1]));
        Assert.Null(DataMessage.Read([0x0B]));
        Assert.Null(DataMessage.Read(Message((2, new byte[] { 0x12, 0x05 }))));
        Assert.NotNull(DataMessage.Read([]));
        Assert.True(DataMessage.Read(Message((8, "figures")))!.IsMetrics);
    }

    [Fact]
    public void Messages_of_any_shape_are_read_or_refused_and_written_as_messages()
    {
        var user = Message((1, "PA_eve"), (2, new byte[40]), (5, "eve"), (4, "chat"), (6, "bob"));
        Fuzz.Run([Message((1, 1), (2, user), (16, 7), (17, "x")), Message((4, "eve"), (5, "bob"), (9, user), (16, 1 << 30))], input =>
        {
            if (DataMessage.Read(input) is not { } read) return;
            var written = DataMessage.Read(read.Write(Ann, isLossy: true));
            Assert.NotNull(written);
            Assert.Equal(("ann", read.Sequence), (written.ClaimedIdentity, written.Sequence));
            Assert.Equal(read.DestinationIdentities, written.DestinationIdentities);
        }, costs: 2);
    }
}
