using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using VideoScale.Harness;
using VideoScale.Harness.Browsers;
using VideoScale.Harness.Processes;

namespace VideoScale.EndToEnd.Tests;

/// <summary>Clients that may only relay, through Debian's coturn.</summary>
[Collection(nameof(Stage))]
public sealed class RelayTests(Stage stage) : IDisposable
{
    private const int BasePort = 28_600, TurnPort = 28_590, FirstRelay = 28_500, LastRelay = 28_589;
    private const string Secret = "of the relay and the gateways";
    private static readonly string Url = $"turn:127.0.0.1:{TurnPort}?transport=udp";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("vs-relay-");

    public void Dispose() => _folder.Delete(recursive: true);

    [LiveKitSurface("Media", "TURN: ice_servers with credentials that end", Surface.Served, "of a server beside it, such as coturn")]
    [Fact]
    public async Task Who_may_only_relay_calls_with_credentials_that_end()
    {
        const string Room = "relayed";
        var relayOnly = new { connect = new { rtcConfig = new { iceTransportPolicy = "relay" } } };
        var secretFile = Path.Combine(_folder.FullName, "secret");
        await File.WriteAllTextAsync(secretFile, Secret + "\n");
        using var relay = CliProcess.Start(["-n", "--listening-ip=127.0.0.1", "--relay-ip=127.0.0.1", $"--listening-port={TurnPort}",
            $"--min-port={FirstRelay}", $"--max-port={LastRelay}", "--use-auth-secret", $"--static-auth-secret={Secret}",
            "--realm=videoscale", "--allow-loopback-peers", "--no-cli", "--no-tls", "--no-dtls", "--log-file=stdout",
            $"--pidfile={_folder.FullName}/pid", $"--userdb={_folder.FullName}/users"], program: "turnserver");
        using var up = CliProcess.Start(["up", "--single", "--base-port", $"{BasePort}", "--data", Path.Combine(_folder.FullName, "data"),
            "--loopback-only", "--turn", Url, "--turn-secret-file", secretFile]);
        await Eventually.HoldsAsync(() => up.Output.Contains("Ctrl-C stops everything.", StringComparison.Ordinal), "up is ready",
            details: () => up.Output + up.Errors);
        await using var ann = await stage.OpenAsync("ann");
        await using var old = await stage.OpenAsync("old", page: Caller.OldPage);
        foreach (var caller in (Caller[])[ann, old])
        {
            await caller.JoinAsync($"ws://127.0.0.1:{BasePort}", Tokens.Join(Room, caller.Identity), relayOnly);
            await caller.PublishAsync();
        }
        await ann.SeesAsync("old");
        await old.HearsAsync("ann");
        Assert.Equal("relay", (await ann.RunAsync("ways()")).GetString());
        Assert.Equal("relay relay", (await old.RunAsync("ways()")).GetString());

        Assert.Equal("relays", await TryAsync(ann, TimeSpan.FromMinutes(10), Secret));
        Assert.Equal("refuses", await TryAsync(ann, TimeSpan.FromMinutes(-1), Secret)); // its time is over
        Assert.Equal("refuses", await TryAsync(ann, TimeSpan.FromMinutes(10), "another"));
    }

    [SuppressMessage("Security", "CA5350", Justification = "it is what these servers compute")]
    private static async Task<string?> TryAsync(Caller caller, TimeSpan life, string secret)
    {
        var until = DateTimeOffset.UtcNow.Add(life).ToUnixTimeSeconds();
        var username = string.Create(CultureInfo.InvariantCulture, $"{until}:eve");
        var credential = Convert.ToBase64String(HMACSHA1.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes(username)));
        return (await caller.RunAsync($"relays('{Url}', '{username}', '{credential}')")).GetString();
    }
}
