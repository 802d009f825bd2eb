using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using VideoScale.Harness.Processes;
using VideoScale.Harness.Signalling;
using VideoScale.V1;

namespace VideoScale.Integration.Tests.Signalling;

/// <summary>API keys as an operator makes, changes and takes them back, and what applications and their users see of it.</summary>
[Collection("processes")]
public sealed class KeyTests : IAsyncLifetime
{
    private const int BasePort = 22_800;
    private static readonly HttpClient Http = new();
    private TestCluster _cluster = null!;

    public async Task InitializeAsync()
    {
        _cluster = await TestCluster.CreateAsync(replicas: 3, media: 1, BasePort);
        var seal = Path.Combine(Directory.CreateTempSubdirectory("videoscale-seal-").FullName, "seal.key");
        await File.WriteAllTextAsync(seal, Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)));
        foreach (var replica in _cluster.Replicas) replica.ExtraArguments.AddRange(["--seal-key-file", seal]);
        _cluster.Start();
        await _cluster.WaitForReadyAsync();
    }

    public async Task DisposeAsync() => await _cluster.DisposeAsync();

    [Fact]
    public async Task A_key_is_taken_everywhere_its_secret_is_nowhere_and_what_is_revoked_is_out()
    {
        var (key, secret) = SecretOf(await CtlAsync("key", "create", "web", "--request-id", "make-web"));
        Assert.Equal("web", key);
        await TakenAsync(Token(secret), "a new key's token");
        await RefusedAsync(Token(new string('x', 40)), "invalid token signature");

        // Whoever repeats a request is told the same again, also by the next leader.
        var former = await _cluster.WaitForLeaderAsync();
        await former.KillAsync();
        await _cluster.WaitForLeaderAsync(except: former);
        Assert.Equal((key, secret), SecretOf(await CtlAsync("key", "create", "web", "--request-id", "make-web")));
        former.Start();
        await former.WaitForReadyAsync();
        await TakenAsync(Token(secret), "the key at a replica that began anew");

        var (_, second) = SecretOf(await CtlAsync("key", "rotate", "web"));
        await TakenAsync(Token(second), "the other secret");
        await TakenAsync(Token(secret), "the former one beside it");
        var (_, third) = SecretOf(await CtlAsync("key", "rotate", "web", "--former-for", "0"));
        await TakenAsync(Token(third), "the third secret");
        await RefusedAsync(Token(second), "invalid token signature");

        using var ann = await SignalClient.JoinAsync(_cluster.Replicas[0].HttpAddress, Token(third));
        using var bob = await SignalClient.JoinAsync(_cluster.Replicas[1].HttpAddress, Token(third, "bob"));
        await CtlAsync("key", "revoke", "web", "--subject", "ann");
        await ann.HearsAsync(response => response.Leave is not null, "that it was removed");
        await bob.HearsLeavingAsync("ann", LiveKit.Proto.DisconnectReason.ParticipantRemoved);
        await RefusedAsync(Token(third), "token was revoked");
        await TakenAsync(Token(third, issuedAgo: -1), "one that was issued since");

        await CtlAsync("key", "disable", "web");
        await RefusedAsync(Token(third, "bob"), "the API key is disabled");
        Assert.False(bob.IsClosed); // whoever is in stays
        await CtlAsync("key", "delete", "web");
        await RefusedAsync(Token(third, "bob"), "invalid API key");

        foreach (var replica in _cluster.Replicas) await replica.StopAsync();
        foreach (var hidden in (string[])[secret, second, third])
            foreach (var replica in _cluster.Replicas) Assert.Empty(FilesWith(replica.DataDirectory, hidden));
    }

    [Fact]
    public async Task A_key_of_the_log_stands_above_the_configurations_and_a_replica_without_seal_keys_says_so()
    {
        var mine = Path.GetTempFileName();
        await File.WriteAllTextAsync(mine, new string('m', 40));
        await CtlAsync("key", "create", "devkey", "--secret-file", mine);
        File.Delete(mine);
        await RefusedAsync(SignalClient.Token("standup", "ann"), "invalid token signature");
        var listed = JsonDocument.Parse(await CtlAsync("key", "list", "--json")).RootElement.GetProperty("keys");
        Assert.Equal("devkey", Assert.Single(listed.EnumerateArray().ToArray()).GetProperty("key").GetString());

        var blind = _cluster.Replicas[0];
        await blind.StopAsync();
        blind.ExtraArguments.Clear();
        blind.Start();
        await blind.WaitForReadyAsync();
        var list = await CliProcess.RunAsync(["ctl", "key", "list", "--server", blind.GrpcAddress]);
        Assert.Contains("not usable", list.Output, StringComparison.Ordinal);
        Assert.Contains("--seal-key-file", list.Output, StringComparison.Ordinal);
        var made = await CliProcess.RunAsync(["ctl", "key", "create", "--server", blind.GrpcAddress]);
        Assert.NotEqual(0, made.ExitCode);
        Assert.Contains("--seal-key-file", made.Errors, StringComparison.Ordinal);
    }

    private static string Token(string secret, string identity = "ann", long issuedAgo = 600) =>
        SignalClient.Token("standup", identity, key: "web", secret: secret, issuedAgo: issuedAgo);

    private async Task<string> CtlAsync(params string[] arguments)
    {
        var servers = string.Join(',', _cluster.Replicas.Where(replica => replica.IsRunning).Select(replica => replica.GrpcAddress));
        var done = await CliProcess.RunAsync(["ctl", .. arguments, "--server", servers]);
        Assert.True(done.ExitCode == 0, done.Output + done.Errors);
        return done.Output;
    }

    private static (string Key, string Secret) SecretOf(string output)
    {
        var lines = output.Split('\n');
        string Of(string name) => lines.Single(line => line.StartsWith(name, StringComparison.Ordinal))[name.Length..].Trim();
        return (Of("key ").Split(' ')[0], Of("secret "));
    }

    private Task TakenAsync(string token, string what) => AllSayAsync(token, HttpStatusCode.OK, "success", what);

    private Task RefusedAsync(string token, string why) => AllSayAsync(token, HttpStatusCode.Unauthorized, why, why);

    /// <summary>Every replica: some hear of it a moment later.</summary>
    private Task AllSayAsync(string token, HttpStatusCode status, string text, string what) => Eventually.HoldsAsync(async () =>
    {
        foreach (var replica in _cluster.Replicas)
        {
            using var reply = await Http.GetAsync(new Uri($"http://{replica.HttpAddress}/rtc/v1/validate?access_token={token}"));
            if (reply.StatusCode != status || await reply.Content.ReadAsStringAsync() != text) return false;
        }
        return true;
    }, $"every replica to say \"{text}\" of {what}");

    private static List<string> FilesWith(string directory, string text)
    {
        var wanted = Encoding.UTF8.GetBytes(text);
        return [.. Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories)
            .Where(file => File.ReadAllBytes(file).AsSpan().IndexOf(wanted) >= 0)];
    }
}
