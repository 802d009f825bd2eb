using VideoScale.ControlPlane.Audit;
using VideoScale.ControlPlane.Host.Subscriptions;
using VideoScale.ControlPlane.Tests.EventLog;
using VideoScale.Harness;

namespace VideoScale.ControlPlane.Tests.Subscriptions;

public sealed class WholeEntriesTests
{
    [Fact]
    public async Task Every_batch_ends_where_an_entry_does_and_with_the_first_that_reaches_the_size()
    {
        using var directory = new TempDirectory();
        using var log = Logs.Open(directory.Path);
        new Script(new Random(5), 200).Feed(log);
        await log.SyncAsync();
        var all = Enumerable.Range(1, 200).Select(seq => log.Reader.TryGet((ulong)seq)!).ToList();
        Seeds.Run(200, random =>
        {
            var most = random.Next(1, 12);
            var entries = new WholeEntries(most);
            var taken = new List<EventEnvelope>();
            for (var i = 0; i < all.Count; i++)
            {
                var isFull = entries.Add(all[i]);
                if (!isFull && random.Next(4) > 0 && i < all.Count - 1) continue; // the reader is interrupted where it happens to be
                var isLastWhole = i == all.Count - 1 || all[i + 1].RaftIndex != all[i].RaftIndex;
                var batch = entries.Take(!isFull && isLastWhole);
                taken.AddRange(batch);
                Assert.Equal(i + 1, taken.Count + entries.Held);
                if (batch.Count == 0) continue;
                Assert.True(taken.Count == all.Count || all[taken.Count].RaftIndex != batch[^1].RaftIndex, "an entry is not cut");
                var lastEntry = batch.Count(e => e.RaftIndex == batch[^1].RaftIndex);
                Assert.True(batch.Count - lastEntry < most, $"{batch.Count} events, and {most} were reached before the last entry");
            }
            Assert.Equal(all, taken);
        });
    }
}
