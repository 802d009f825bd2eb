using System.Threading.Channels;
using Grpc.Core;
using VideoScale.Cli.Audit;
using VideoScale.Cli.CommandLine;
using VideoScale.ControlPlane.Audit;
using VideoScale.ControlPlane.Host.Audit;
using VideoScale.ControlPlane.Host.Export;
using VideoScale.V1;

namespace VideoScale.Cli.Export;

/// <summary>
/// One exporter at work: takes the database, writes what comes after it, and after a failure takes it anew, since it alone knows what went
/// through.
/// </summary>
/// <param name="claim">Who it is in the cluster's term of now.</param>
/// <param name="follows">Goes on with what comes; else it ends with the log.</param>
internal sealed class ExportRun(IAuditBackend log, IExportTarget target, Func<CancellationToken, Task<ExportClaim>> claim, bool follows)
{
    private const int MostEvents = 5_000;
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(250), LongestPause = TimeSpan.FromSeconds(30);

    internal async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        for (var pause = FirstPause; ;)
        {
            try
            {
                var mine = await claim(cancellationToken);
                var last = await log.LastSeqAsync(cancellationToken);
                var place = await target.TakeOverAsync(mine, new AuditedLog(log, last), cancellationToken);
                Console.WriteLine($"exporting to {target.Name} in term {mine.Term}, after event {place}");
                place = await WriteAllAsync(place, last, () => pause = FirstPause, cancellationToken);
                Console.WriteLine($"exported to event {place}");
                return Exit.Ok;
            }
            catch (ExportException e) when (!e.IsFinal && e.Problem != ExportProblem.Fenced)
            {
                await Console.Error.WriteLineAsync($"{e.Message}; trying again in {pause.TotalSeconds:0.##} s");
            }
            catch (RpcException e) when (e.StatusCode is StatusCode.Unavailable or StatusCode.DeadlineExceeded
                && !cancellationToken.IsCancellationRequested)
            {
                await Console.Error.WriteLineAsync(
                    $"the cluster does not answer ({e.Status.Detail}); trying again in {pause.TotalSeconds:0.##} s");
            }
            catch (ExportException e)
            {
                throw new CliException(e.IsFinal ? $"ALARM: the export has stopped: {e.Message}" : $"fenced: {e.Message}", e)
                {
                    ExitCode = Exit.Refused,
                };
            }
            await Task.Delay(pause, cancellationToken);
            pause = TimeSpan.FromTicks(Math.Min(pause.Ticks * 2, LongestPause.Ticks));
        }
    }

    private async Task<ulong> WriteAllAsync(ulong place, ulong last, Action wentWell, CancellationToken cancellationToken)
    {
        var channel = Channel.CreateBounded<EventEnvelope>(2 * MostEvents);
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var reading = ReadAsync(place + 1, last, channel.Writer, ends.Token);
        var batch = new List<EventEnvelope>();
        try
        {
            while (await channel.Reader.WaitToReadAsync(cancellationToken))
            {
                if (follows) await Task.Delay(Gathering, cancellationToken);
                while (!IsFull(batch, channel.Reader) && channel.Reader.TryRead(out var next)) batch.Add(next);
                await target.WriteAsync(batch, cancellationToken);
                place = batch[^1].EventSeq;
                batch.Clear();
                wentWell();
            }
            await reading;
            return place;
        }
        finally
        {
            await ends.CancelAsync();
            await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>It ends where a log entry does.</summary>
    private static bool IsFull(List<EventEnvelope> batch, ChannelReader<EventEnvelope> rest) =>
        batch.Count >= MostEvents && (!rest.TryPeek(out var next) || next.RaftIndex != batch[^1].RaftIndex);

    private async Task ReadAsync(ulong from, ulong last, ChannelWriter<EventEnvelope> into, CancellationToken cancellationToken)
    {
        try
        {
            var events = follows ? log.Subscribe(new SubscribeRequest { FromSeq = from }, cancellationToken)
                : from > last ? AsyncEnumerable.Empty<Event>()
                : log.ReadAll(new ReadAllRequest { FromSeq = from, ToSeq = last }, cancellationToken);
            await foreach (var e in events) await into.WriteAsync(EventMapping.FromWire(e), cancellationToken);
            into.Complete();
        }
        catch (Exception e)
        {
            into.Complete(e);
        }
    }
}
