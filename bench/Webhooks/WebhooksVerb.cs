using System.CommandLine;
using System.Globalization;
using VideoScale.Bench.Consensus;
using VideoScale.Harness.Processes;
using VideoScale.Harness.Results;

namespace VideoScale.Bench.Webhooks;

/// <summary><c>bench webhooks</c>: how fast a queue of messages goes once its receiver is there.</summary>
internal static class WebhooksVerb
{
    private const int Workers = 32;

    internal static Command Create()
    {
        var messages = new Option<int>("--messages")
        {
            Description = "Queued, each of a room of its own.",
            DefaultValueFactory = _ => 10_000,
        };
        var directory = new Option<string>("--data")
        {
            Description = "Where the replicas live.",
            DefaultValueFactory = _ => ".build/bench",
        };
        var results = ResultsOption.Of("webhooks");
        var command = new Command("webhooks", "A queue of webhooks to a receiver on the same machine, from the first taken to the last.")
        {
            messages, directory, results,
        };
        command.SetAction((parsed, cancellationToken) =>
            RunAsync(parsed.GetValue(messages), parsed.GetValue(directory)!, parsed.GetValue(results)!, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(int messages, string directory, string results, CancellationToken cancellationToken)
    {
        var recorder = RunRecorder.Begin().Set("messages", messages);
        var root = Path.Combine(Path.GetFullPath(directory), $"webhooks-{Guid.NewGuid():N}");
        Directory.CreateDirectory(root);
        try
        {
            var port = LoopbackPorts.Free(1)[0];
            await using var receiver = await CountingReceiver.StartAsync(port);
            await using var system = new RoomsSystem(root, metadataBytes: 64, "--webhook", $"http://127.0.0.1:{port}/");
            await system.StartAsync(cancellationToken);
            var made = 0;
            await Task.WhenAll(Enumerable.Range(0, Workers).Select(worker => Task.Run(async () =>
            {
                while (Volatile.Read(ref made) < messages)
                    if (await system.CommitAsync(worker, cancellationToken)) Interlocked.Increment(ref made);
            }, cancellationToken)));
            Console.WriteLine($"{made:N0} messages wait");
            receiver.Open();
            while (receiver.Taken < messages) await Task.Delay(50, cancellationToken);
            var rate = receiver.Taken / receiver.Elapsed.TotalSeconds;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{rate:N0} messages/s, {receiver.Repeated:N0} of them again"));
            recorder.Add("drained", rate, "messages/s", Better.Higher).KeepIn(results);
            return 0;
        }
        finally { Directory.Delete(root, recursive: true); }
    }
}
