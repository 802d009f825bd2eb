using VideoScale.Harness;
using VideoScale.MediaNode.Ownership;
using VideoScale.Model;
using static VideoScale.MediaNode.Tests.Ownership.AuthorityBench;

namespace VideoScale.MediaNode.Tests.Ownership;

public sealed class AuthorityProperties
{
    /// <summary>Everything the leader ever said comes late, twice, in any order, or never, between pauses of any length.</summary>
    [Fact]
    public void Authority_never_outlives_the_lease_nor_comes_back_for_an_epoch_that_ended() => Seeds.Run(500, random =>
    {
        var node = new AuthorityBench();
        var wire = new List<Action>();
        var longestLeaseNs = 0L;                          // the model: latest (sent + ttl) of any heartbeat sent
        var ended = new Dictionary<RoomId, ulong>();      // the model: epochs the node was told have ended
        RoomId[] rooms = [new("a"), new("b"), new("c")];
        for (var step = 0; step < 300; step++)
        {
            var room = rooms[random.Next(rooms.Length)];
            switch (random.Next(10))
            {
                case 0: node.Pass(random.Next(0, 400)); break;
                case 1: node.Pass(random.Next(0, 12_000)); break; // frozen
                case 2 or 3:
                    var (sent, sequence, stream) = (node.NowNs, node.Beat(), node.Stream);
                    longestLeaseNs = Math.Max(longestLeaseNs, sent + TtlMs * Ms);
                    Holding[] giveUp = random.Next(3) == 0 ? [new(room, new Epoch((ulong)random.Next(1, 40)))] : [];
                    wire.Add(() =>
                    {
                        node.Authority.Acknowledge(stream, new Acknowledgement(sequence, node.Index, TtlMs, giveUp, (ulong)random.Next(3)),
                            node.Ended);
                        if (stream == node.Stream) foreach (var holding in giveUp) End(holding.Room, holding.Epoch.Value);
                    });
                    break;
                case 4:
                    var epoch = (ulong)random.Next(1, 40);
                    var onStream = node.Stream;
                    wire.Add(() => node.Authority.Apply(onStream,
                        new Directive.Assign(++node.Index, room, new Epoch(epoch), default, [Seat(Ann, 1)]), node.Ended));
                    break;
                case 5:
                    var over = (ulong)random.Next(1, 40);
                    var inStream = node.Stream;
                    wire.Add(() =>
                    {
                        node.Authority.Apply(inStream, new Directive.Revoke(++node.Index, room, new Epoch(over), "x"), node.Ended);
                        if (inStream == node.Stream) End(room, over);
                    });
                    break;
                case 6: node.Attach(); break;
                case 7: node.TakeReports(); break;
                default:
                    if (wire.Count == 0) break;
                    var at = random.Next(wire.Count);
                    wire[at]();
                    if (random.Next(3) != 0) wire.RemoveAt(at); // else it will come again
                    break;
            }
            foreach (var view in node.Authority.View(node.NowNs).Rooms)
            {
                Assert.True(node.NowNs < longestLeaseNs, "authority without a heartbeat that could carry it");
                Assert.True(view.Epoch.Value > ended.GetValueOrDefault(view.Room), $"epoch {view.Epoch.Value} of {view.Room} is back");
                Assert.True(node.Take(Ann, 1, view.Epoch.Value, view.Room).IsGranted);
            }
            foreach (var one in rooms)
            {
                var decision = node.Take(Ann, 1, (ulong)random.Next(1, 40), one);
                if (decision.IsGranted)
                    Assert.Contains(node.Authority.View(node.NowNs).Rooms, r => r.Room == one && r.Epoch == decision.Grant.Epoch);
            }
        }

        void End(RoomId room, ulong epoch) => ended[room] = Math.Max(ended.GetValueOrDefault(room), epoch);
    });

    [Fact]
    public void The_epoch_a_room_is_held_under_only_grows() => Seeds.Run(300, random =>
    {
        var node = new AuthorityBench();
        var highest = 0ul;
        for (var step = 0; step < 100; step++)
        {
            node.Renew();
            var epoch = (ulong)random.Next(1, 60);
            if (random.Next(4) == 0) node.Revoke(epoch);
            else node.Assign(epoch);
            if (node.Authority.View(node.NowNs).Rooms is not [var held]) continue;
            Assert.True(held.Epoch.Value >= highest);
            highest = held.Epoch.Value;
        }
    });
}
