using VideoScale.ControlPlane.Host.Options;

namespace VideoScale.ControlPlane.Tests.HostTests;

public sealed class TurnOptionsTests
{
    private static IReadOnlyList<string> Check(string url, bool hasSecret = true)
    {
        var options = new ControlPlaneOptions { DataDirectory = "-", DevelopmentMode = true };
        options.Turn.Urls = [url];
        options.Turn.SecretFile = hasSecret ? typeof(TurnOptionsTests).Assembly.Location : "/no/such/file";
        return ControlPlaneOptionsCheck.Check(options);
    }

    [Theory]
    [InlineData("turn:turn.example")]
    [InlineData("turn:192.0.2.7:3478?transport=udp")]
    [InlineData("turns:[2001:db8::7]:5349?transport=tcp")]
    public void Servers_are_named_as_browsers_take_them(string url) => Assert.Empty(Check(url));

    [Theory]
    [InlineData("")]
    [InlineData("turn:")]
    [InlineData("stun:turn.example")]
    [InlineData("https://turn.example")]
    [InlineData("turn://turn.example")]
    [InlineData("turn:turn.example:99999")]
    [InlineData("turn:turn.example?transport=sctp")]
    [InlineData("turn:user@turn.example")]
    [InlineData("turn:turn.example/path")]
    public void Other_names_are_refused_before_anything_starts(string url) =>
        Assert.Contains("ControlPlane:Turn:Urls", Assert.Single(Check(url)), StringComparison.Ordinal);

    [Fact]
    public void Without_the_secret_nothing_starts() =>
        Assert.Contains("ControlPlane:Turn:SecretFile", Assert.Single(Check("turn:turn.example", hasSecret: false)),
            StringComparison.Ordinal);
}
