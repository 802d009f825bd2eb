using VideoScale.ControlPlane.Host.EventLog;
using VideoScale.Harness;

namespace VideoScale.ControlPlane.Tests.EventLog;

public sealed class SubscriptionTests
{
    [Fact]
    public async Task Many_subscribers_see_every_event_once_and_in_order_while_the_log_grows()
    {
        using var directory = new TempDirectory();
        var script = new Script(new Random(11), 4_000);
        using var log = Logs.Open(directory.Path, Logs.Small with
        {
            EventsPerSegment = 256,
            SyncInterval = TimeSpan.FromMilliseconds(20),
            WriteInterval = TimeSpan.FromMilliseconds(1),
        });
        script.Feed(log, 500);
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        var subscribers = Enumerable.Range(0, 12)
            .Select(i => Task.Run(() => Follow(log.Reader, (ulong)(1 + i * 100), script.Count, i % 3 == 0, patience.Token))).ToArray();
        var random = new Random(5);
        for (var until = 500UL; until < script.Count; until += (ulong)random.Next(1, 300))
        {
            script.Feed(log, until);
            if (random.Next(3) == 0) await Task.Delay(1);
        }
        script.Feed(log);
        for (var i = 0; i < subscribers.Length; i++)
        {
            var seen = await subscribers[i];
            Assert.Equal(Enumerable.Range(1 + i * 100, (int)script.Count - i * 100).Select(n => (ulong)n), seen);
        }
    }

    private static async Task<List<ulong>> Follow(EventLogReader reader, ulong from, ulong until, bool slow,
        CancellationToken cancellationToken)
    {
        var seen = new List<ulong>();
        using var cursor = reader.Read(from);
        while (true)
        {
            while (cursor.MoveNext())
            {
                seen.Add(cursor.View.EventSeq);
                if (slow && seen.Count % 500 == 0) await Task.Delay(1, cancellationToken);
            }
            if (cursor.Seq >= until) return seen;
            cursor.Rest();
            await reader.WaitAsync(cursor.Seq + 1, cancellationToken);
        }
    }
}
