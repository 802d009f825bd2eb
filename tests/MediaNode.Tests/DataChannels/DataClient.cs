using System.Text;
using VideoScale.MediaNode.Sctp;

namespace VideoScale.MediaNode.Tests.DataChannels;

/// <summary>A client's side: it begins the association and opens LiveKit's channels in it.</summary>
internal sealed class DataClient
{
    internal const ushort Reliable = 1, Lossy = 3;
    private const uint Opening = 50, Binary = 53;

    internal DataClient(long nowUs, byte seed = 1)
    {
        Association = new SctpAssociation(Enumerable.Repeat(seed, 16).ToArray());
        Association.Connect(nowUs);
        Open(Lossy, "_lossy", type: 0x81, nowUs);
        Open(Reliable, "_reliable", type: 0, nowUs);
    }

    internal SctpAssociation Association { get; }
    /// <summary>Messages as they came, with their streams.</summary>
    internal List<(ushort Stream, byte[] Payload)> Got { get; } = [];
    internal int Acks { get; private set; }

    internal bool Send(ushort stream, byte[] payload, long nowUs) =>
        Association.Send(stream, Binary, payload, stream == Lossy ? new Delivery(true, 0) : new Delivery(), nowUs);

    internal void Take(long nowUs)
    {
        while (Association.TryReceive(out var message, nowUs))
            if (message.Protocol == Opening) Acks++;
            else Got.Add((message.Stream, message.Payload));
    }

    private void Open(ushort stream, string label, byte type, long nowUs)
    {
        byte[] open = [3, type, 0, 0, 0, 0, 0, 0, 0, (byte)label.Length, 0, 0, .. Encoding.ASCII.GetBytes(label)];
        Assert.True(Association.Send(stream, Opening, open, new Delivery(), nowUs));
    }
}
