using System.Text.Json;
using VideoScale.Harness.Browsers;

namespace VideoScale.Integration.Tests.Webhooks;

/// <summary>A backend on Node.js that takes webhooks through LiveKit's own WebhookReceiver, or does not.</summary>
internal sealed class Receiver : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("videoscale-hooks-").FullName;
    private readonly NodeClient _client;
    private readonly int _port;

    /// <param name="share">Of the requests are refused, 0 to 1.</param>
    /// <param name="poison">What holds this word is refused until it is cured.</param>
    internal Receiver(int port, double share = 0, string poison = "")
    {
        _port = port;
        _client = new NodeClient("hooks.mjs", $"{port}", FormattableString.Invariant($"{share}"), Closed, poison);
    }

    private string Closed => Path.Combine(_directory, "closed");

    internal string Url => $"http://127.0.0.1:{_port}/hooks?token=geheim";

    internal Task ListensAsync() => _client.HasAsync("listening");

    internal void Close() => File.WriteAllText(Closed, "");

    internal void Open() => File.Delete(Closed);

    internal void Cure() => File.WriteAllText(Closed + ".cured", "");

    internal string Output => _client.Output;

    /// <summary>Requests as they came, by how they were answered: taken, refused, closed, poisoned.</summary>
    internal List<Hook> Requests(string answer) => [.. _client.Said(answer).Select(said => Hook.Parse(said.Detail))];

    /// <summary>What was taken, by when it was taken first.</summary>
    internal List<Hook> Taken => [.. Requests("taken").DistinctBy(hook => hook.Id)];

    public void Dispose()
    {
        _client.Dispose();
        Directory.Delete(_directory, recursive: true);
    }
}

/// <param name="Text">The whole of it.</param>
internal sealed record Hook(string Id, string Event, string Room, string Identity, string ParticipantSid, string TrackSid, string Text)
{
    /// <summary>The event of the log that it comes of, in hexadecimal.</summary>
    internal string EventId => Id.Split('_')[1];

    internal static Hook Parse(string json)
    {
        using var hook = JsonDocument.Parse(json);
        var root = hook.RootElement;
        var participant = root.TryGetProperty("participant", out var its) ? its : default;
        return new(root.GetProperty("id").GetString()!, root.GetProperty("event").GetString()!,
            root.GetProperty("room").GetProperty("name").GetString()!, Field(participant, "identity"), Field(participant, "sid"),
            root.TryGetProperty("track", out var track) ? Field(track, "sid") : "", json);
    }

    private static string Field(JsonElement of, string name) =>
        of.ValueKind == JsonValueKind.Object && of.TryGetProperty(name, out var value) ? value.GetString()! : "";
}
