using VideoScale.Harness;
using VideoScale.MediaNode.Ice;
using VideoScale.MediaNode.Tcp;

namespace VideoScale.MediaNode.Tests.Tcp;

public sealed class PendingConnectionsTests
{
    [Fact]
    public void There_are_never_too_many_and_the_one_that_has_waited_longest_makes_way() => Seeds.Run(200, random =>
    {
        const int Most = 20, OfAddress = 5;
        var (pending, model) = (new PendingConnections(Most, OfAddress), new List<(long Number, uint Host)>());
        for (var step = 0; step < 500; step++)
        {
            if (random.Next(3) == 0 && model.Count > 0)
            {
                var leaving = model[random.Next(model.Count)];
                model.Remove(leaving);
                Assert.True(pending.Leave(leaving.Number));
                Assert.False(pending.Leave(leaving.Number));
                continue;
            }
            var host = (uint)random.Next(1, 9);
            var enters = pending.TryEnter(TransportAddress.V4(host, (ushort)random.Next(1, 65_536)).AsTcp, out var number, out var evicted);
            Assert.Equal(model.Count(one => one.Host == host) < OfAddress, enters);
            if (!enters)
            {
                Assert.Equal((0, 0), (number, evicted));
                continue;
            }
            Assert.Equal(model.Count < Most ? 0 : model[0].Number, evicted);
            if (evicted != 0) model.RemoveAt(0);
            model.Add((number, host));
            Assert.Equal(model.Count, pending.Count);
        }
    });
}
