using System.Threading.Channels;
using Grpc.Core;
using VideoScale.Cli.Audit;
using VideoScale.Cli.CommandLine;
using VideoScale.ControlPlane.Audit;
using VideoScale.ControlPlane.Host.Audit;
using VideoScale.ControlPlane.Host.Export;
using VideoScale.ControlPlane.Host.Subscriptions;
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

    /// <param name="last">Where the log ended: an entry does, too.</param>
    private async Task<ulong> WriteAllAsync(ulong place, ulong last, Action wentWell, CancellationToken cancellationToken)
    {
        var channel = Channel.CreateBounded<EventEnvelope>(2 * ExportBatch.MostEvents);
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var reading = ReadAsync(place + 1, last, channel.Writer, ends.Token);
        var entries = new WholeEntries(ExportBatch.MostEvents);
        try
        {
            while (entries.Held > 0 && !channel.Reader.Completion.IsCompleted || await channel.Reader.WaitToReadAsync(cancellationToken))
            {
                if (follows || entries.Held > 0) await Task.Delay(ExportBatch.Gathering, cancellationToken);
                var isFull = false;
                while (!isFull && channel.Reader.TryRead(out var next)) isFull = entries.Add(next);
                var newest = isFull ? null : entries.Last;
                if (newest?.EventSeq > last) last = await log.LastSeqAsync(cancellationToken);
                var batch = entries.Take(isLastWhole: newest?.EventSeq == last);
                if (batch.Count == 0) continue; // the rest of an entry is on its way
                await target.WriteAsync(batch, cancellationToken);
                place = batch[^1].EventSeq;
                wentWell();
            }
            return place;
        }
        finally
        {
            await ends.CancelAsync();
            await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

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
