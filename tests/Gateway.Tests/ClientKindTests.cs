using LiveKit.Proto;
using VideoScale.Gateway.Signalling;

namespace VideoScale.Gateway.Tests;

public sealed class ClientKindTests
{
    [Theory]
    [InlineData("Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0", "", false)]
    [InlineData("Mozilla/5.0 (Android 15; Mobile; rv:153.0) Gecko/153.0 Firefox/153.0", "", false)]
    [InlineData("", "firefox", false)]
    [InlineData("", "Firefox", false)]
    [InlineData("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36", "", true)]
    [InlineData(
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/153.0 Mobile/15E148 "
        + "Safari/605.1.15", "", true)]
    // its own word stands above the header's
    [InlineData("Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0", "chrome", true)]
    [InlineData("", "", true)] // libwebrtc's clients
    public void Firefox_is_known_by_its_word_or_its_user_agent_for_one_that_keeps_its_keys(string userAgent, string browser,
        bool renewsKeys)
    {
        var join = new JoinRequest();
        if (browser.Length > 0) join.ClientInfo = new ClientInfo { Browser = browser };
        ClientKind.Complete(join, userAgent);
        Assert.Equal(renewsKeys, ClientKind.RenewsKeys(join.ClientInfo));
    }

    [Fact]
    public void Another_browser_that_stands_on_ios_renews_them() =>
        Assert.True(ClientKind.RenewsKeys(new ClientInfo { Browser = "firefox", Os = "iOS" }));
}
