using VideoScale.ControlPlane.Host.Options;

namespace VideoScale.ControlPlane.Tests.Webhooks;

public sealed class WebhookUrlTests
{
    [Theory]
    [InlineData("")]
    [InlineData("backend.example/hooks")]
    [InlineData("ftp://backend.example/")]
    [InlineData("file:///etc/passwd")]
    [InlineData("http://")]
    [InlineData("https://user:geheim@backend.example/")]
    [InlineData("https://backend.example/#there")]
    public void What_is_no_url_of_a_receiver_is_refused_with_the_rule_and_without_its_secrets(string url)
    {
        var problem = Assert.Single(Check(url));
        Assert.Contains("ControlPlane:Webhooks:Urls", problem, StringComparison.Ordinal);
        Assert.Contains(WebhookUrl.Rule, problem, StringComparison.Ordinal);
        Assert.DoesNotContain("geheim", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_url_is_known_by_the_whole_of_it_and_shown_without_its_query()
    {
        var (one, other) = (WebhookUrl.TryParse("https://backend.example:8443/hooks?token=a")!,
            WebhookUrl.TryParse("https://backend.example:8443/hooks?token=b")!);
        Assert.Empty(Check("https://backend.example:8443/hooks?token=a", "https://backend.example:8443/hooks?token=b"));
        Assert.NotEqual(one.Id, other.Id);
        Assert.Equal("https://backend.example:8443/hooks", one.Shown);
        Assert.Contains("each URL once", Assert.Single(Check("http://a.example/", "http://A.example")), StringComparison.Ordinal);
        Assert.Equal("https://…@backend.example/", WebhookUrl.Show("https://user:geheim@backend.example/?q=geheim"));
    }

    [Fact]
    public void Somebody_has_to_sign()
    {
        var options = Options("http://a.example/");
        options.Webhooks.Key = "APIother";
        Assert.Contains("Webhooks:Key is \"APIother\"", Assert.Single(ControlPlaneOptionsCheck.Check(options)), StringComparison.Ordinal);
        options.ApiKeys.Add(new() { Key = "APIother", Secret = "of at least so many characters .." });
        Assert.Empty(ControlPlaneOptionsCheck.Check(options));
    }

    private static IReadOnlyList<string> Check(params string[] urls) => ControlPlaneOptionsCheck.Check(Options(urls));

    private static ControlPlaneOptions Options(params string[] urls)
    {
        var options = new ControlPlaneOptions { DataDirectory = "somewhere", DevelopmentMode = true };
        foreach (var url in urls) options.Webhooks.Urls.Add(url);
        return options;
    }
}
