using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using VideoScale.ControlPlane.Host.Providers;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Tests.Scaling;

/// <summary>What is said to providers, and what is made of whatever they answer.</summary>
public sealed class ProviderTests : IDisposable
{
    private static readonly LaunchOrder Order = new("eu", new("eu-3"), "eu-west");
    private readonly string _directory = Directory.CreateTempSubdirectory("videoscale-provider-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private static WebhookProvider To(HttpStub stub, string secret = "") => new(stub.Url, "c1", secret, TimeProvider.System);

    [Fact]
    public async Task A_call_is_one_post_of_json_signed_with_the_secret()
    {
        var (head, body) = ("", "");
        using var stub = new HttpStub((h, b) =>
        {
            (head, body) = (h, b);
            return HttpStub.Reply(200, """{"id":"i-0abc","more":"than is known"}""");
        });
        var clock = new FakeTimeProvider(DateTimeOffset.FromUnixTimeSeconds(1_700_000_000));
        using var provider = new WebhookProvider(stub.Url, "c1", "s3cret", clock);
        Assert.Equal("i-0abc", await provider.LaunchAsync(Order, CancellationToken.None));
        Assert.StartsWith("POST /fleet?team=a HTTP/1.1", head, StringComparison.Ordinal);
        Assert.Equal("""{"action":"launch","cluster":"c1","pool":"eu","key":"eu-3","region":"eu-west"}""", body);
        var expected = Convert.ToHexStringLower(System.Security.Cryptography.HMACSHA256.HashData(Encoding.UTF8.GetBytes("s3cret"),
            Encoding.UTF8.GetBytes("1700000000." + body)));
        Assert.Contains($"VideoScale-Signature: t=1700000000,v1={expected}", head, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("team=a", provider.Name, StringComparison.Ordinal); // may hold a token
    }

    [Theory]
    [InlineData(422, """{"error":"no_capacity","message":"none left","retry_after_seconds":7}""", "", ProviderError.NoCapacity, 7)]
    [InlineData(200, """{"error":"quota"}""", "", ProviderError.Quota, 0)]
    [InlineData(500, """{"error":"transient"}""", "", ProviderError.Transient, 0)]
    [InlineData(400, """{"error":"what is that"}""", "", ProviderError.Unknown, 0)]
    [InlineData(429, "slow down", "Retry-After: 12\r\n", ProviderError.Throttled, 12)]
    [InlineData(401, "", "", ProviderError.Denied, 0)]
    [InlineData(403, "", "", ProviderError.Denied, 0)]
    [InlineData(404, "", "", ProviderError.BadSpec, 0)]
    [InlineData(500, "stack trace", "", ProviderError.Unknown, 0)]
    [InlineData(503, "busy", "", ProviderError.Transient, 0)]
    [InlineData(302, "", "Location: http://169.254.169.254/\r\n", ProviderError.Unknown, 0)]
    [InlineData(200, "not json", "", ProviderError.Unknown, 0)]
    [InlineData(200, "null", "", ProviderError.Unknown, 0)]
    [InlineData(200, "{}", "", ProviderError.Unknown, 0)]
    public async Task Every_answer_is_understood_or_counts_as_nothing_known(int status, string body, string headers, ProviderError expected,
        int retrySeconds)
    {
        using var stub = new HttpStub((_, _) =>
            HttpStub.Reply(status, body, headers, body.StartsWith('{') ? "application/json" : "text/plain"));
        using var provider = To(stub);
        var refused = await Assert.ThrowsAsync<ProviderException>(() => provider.LaunchAsync(Order, CancellationToken.None));
        Assert.Equal((expected, retrySeconds), (refused.Error, (int)(refused.RetryAfter?.TotalSeconds ?? 0)));
        Assert.NotEmpty(refused.Message);
    }

    [Fact]
    public async Task Who_hangs_up_may_have_done_it_and_who_does_not_listen_has_not()
    {
        using var stub = new HttpStub((_, _) => null);
        using var provider = To(stub);
        Assert.Equal(ProviderError.Unknown,
            (await Assert.ThrowsAsync<ProviderException>(() => provider.LaunchAsync(Order, CancellationToken.None))).Error);
        stub.Dispose();
        Assert.Equal(ProviderError.Transient,
            (await Assert.ThrowsAsync<ProviderException>(() => provider.LaunchAsync(Order, CancellationToken.None))).Error);
    }

    [Fact]
    public async Task A_list_is_whole_or_a_failure()
    {
        var answer = """{"instances":[{"key":"eu-1","id":"i-1"},{"key":"eu-2","id":"i-2"}]}""";
        using var stub = new HttpStub((_, _) => HttpStub.Reply(200, answer));
        using var provider = To(stub);
        Assert.Equal([new(new("eu-1"), "i-1"), new(new("eu-2"), "i-2")], await provider.ListAsync("eu", CancellationToken.None));
        answer = "{}";
        await Assert.ThrowsAsync<ProviderException>(() => provider.ListAsync("eu", CancellationToken.None));
        answer = $$"""{"instances":[{"key":"eu-1","id":"{{new string('x', 5 << 20)}}"}]}""";
        await Assert.ThrowsAnyAsync<Exception>(() => provider.ListAsync("eu", CancellationToken.None));
    }

    private ScriptProvider Script(string body)
    {
        var path = Path.Combine(_directory, "fleet.sh");
        // Written by another process: one that is started meanwhile must not hold it open for writing.
        using var writer = System.Diagnostics.Process.Start("/bin/sh", ["-c", "printf %s \"$1\" > \"$0\" && chmod 500 \"$0\"", path,
            "#!/bin/sh\n" + body]);
        writer.WaitForExit();
        return new(path, "c1");
    }

    [Fact]
    public async Task A_program_gets_the_action_and_json_and_answers_json()
    {
        var provider = Script($$"""
            cat > {{_directory}}/$1.json
            case $1 in
              launch) echo '{"id":"i-7"}' ;;
              list) echo '{"instances":[{"key":"eu-3","id":"i-7"}]}' ;;
              *) echo '{}' ;;
            esac
            """);
        Assert.Equal("i-7", await provider.LaunchAsync(Order, CancellationToken.None));
        Assert.Equal([new(new("eu-3"), "i-7")], await provider.ListAsync("eu", CancellationToken.None));
        await provider.TerminateAsync("eu", new("eu-3"), "i-7", CancellationToken.None);
        using var asked = JsonDocument.Parse(await File.ReadAllBytesAsync(Path.Combine(_directory, "terminate.json")));
        Assert.Equal(("terminate", "c1", "eu-3", "i-7"), (Text("action"), Text("cluster"), Text("key"), Text("id")));

        string Text(string name) => asked.RootElement.GetProperty(name).GetString()!;
    }

    [Theory]
    [InlineData("""cat >/dev/null; echo '{"error":"quota","message":"20 of 20"}'; exit 1""", ProviderError.Quota, "20 of 20")]
    [InlineData("""cat >/dev/null; echo "no route to cloud" >&2; exit 3""", ProviderError.Unknown, "exit code 3: no route to cloud")]
    [InlineData("""cat >/dev/null; echo 'done'""", ProviderError.Unknown, "no reply: done")]
    [InlineData("""exit 0""", ProviderError.Unknown, "")]
    public async Task A_program_that_fails_is_told_of(string body, ProviderError expected, string words)
    {
        var provider = Script(body);
        var refused = await Assert.ThrowsAsync<ProviderException>(() => provider.LaunchAsync(Order, CancellationToken.None));
        Assert.Equal(expected, refused.Error);
        Assert.Contains(words, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_program_that_is_not_there_cannot_be_run_a_second_time_either()
    {
        var refused = await Assert.ThrowsAsync<ProviderException>(
            () => new ScriptProvider(Path.Combine(_directory, "none"), "c1").ListAsync("eu", CancellationToken.None));
        Assert.True(refused.IsHopeless);
    }
}
