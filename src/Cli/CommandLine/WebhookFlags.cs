using System.CommandLine;
using System.Globalization;
using VideoScale.ControlPlane.Host.Options;

namespace VideoScale.Cli.CommandLine;

/// <summary>Who is told what happens, on the command line of <c>control</c> and <c>up</c>.</summary>
internal static class WebhookFlags
{
    private static readonly Option<string[]> Url = new("--webhook")
    {
        Description = "http:// or https:// URL that is told what happens, as LiveKit's server tells it; may be given several times.",
        HelpName = "URL",
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = false,
    };
    private static readonly Option<string?> Key = new("--webhook-key")
    {
        Description = "Name of the API key that signs; default the first.",
        HelpName = "NAME",
    };

    internal static IReadOnlyList<Option> All { get; } = [Url, Key];

    internal static void Read(ParseResult parsed, WebhookOptions options)
    {
        if (parsed.GetValue(Url) is { Length: > 0 } urls) options.Urls = [.. urls];
        options.Key = parsed.GetValue(Key) ?? options.Key;
    }

    /// <summary>Of <c>up</c>, which starts nothing when they are wrong.</summary>
    internal static WebhookOptions Check(ParseResult parsed)
    {
        var options = new WebhookOptions();
        Read(parsed, options);
        var checkedOptions = new ControlPlaneOptions { DataDirectory = "-", DevelopmentMode = true, Webhooks = options };
        if (ControlPlaneOptionsCheck.Check(checkedOptions) is [var problem, ..]) throw new CliException(problem);
        return options;
    }

    /// <summary>For replicas as processes: what is secret in a URL stands in no list of processes.</summary>
    internal static Dictionary<string, string> Environment(WebhookOptions options)
    {
        const string Prefix = $"VIDEOSCALE__{ControlPlaneOptions.Section}__Webhooks__";
        var settings = new Dictionary<string, string>();
        for (var i = 0; i < options.Urls.Count; i++)
            settings[string.Create(CultureInfo.InvariantCulture, $"{Prefix}Urls__{i}")] = options.Urls[i];
        if (options.Key.Length > 0) settings[Prefix + "Key"] = options.Key;
        return settings;
    }
}
