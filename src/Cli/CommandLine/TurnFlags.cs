using System.CommandLine;
using System.Globalization;
using VideoScale.ControlPlane.Host.Options;

namespace VideoScale.Cli.CommandLine;

/// <summary>TURN servers, on the command line of <c>control</c> and <c>up</c>.</summary>
internal static class TurnFlags
{
    private static readonly Option<string[]> Url = new("--turn")
    {
        Description = "turn: or turns: URL of a TURN server that clients may relay through; may be given several times.",
        HelpName = "URL",
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = false,
    };
    private static readonly Option<string?> SecretFile = new("--turn-secret-file")
    {
        Description = "File with the secret that the TURN servers know too (coturn's static-auth-secret).",
        HelpName = "FILE",
    };
    private static readonly Option<int?> Seconds = new("--turn-seconds")
    {
        Description = "How long credentials are good for; default a day.",
        HelpName = "SECONDS",
    };

    internal static IReadOnlyList<Option> All { get; } = [Url, SecretFile, Seconds];

    internal static void Read(ParseResult parsed, TurnOptions options)
    {
        if (parsed.GetValue(Url) is { Length: > 0 } urls) options.Urls = [.. urls];
        if (parsed.GetValue(SecretFile) is { } file) options.SecretFile = Path.GetFullPath(file);
        options.CredentialSeconds = parsed.GetValue(Seconds) ?? options.CredentialSeconds;
    }

    /// <summary>Of <c>up</c>, which starts nothing when they are wrong.</summary>
    internal static TurnOptions Check(ParseResult parsed)
    {
        var options = new TurnOptions();
        Read(parsed, options);
        var checkedOptions = new ControlPlaneOptions { DataDirectory = "-", DevelopmentMode = true, Turn = options };
        if (ControlPlaneOptionsCheck.Check(checkedOptions) is [var problem, ..]) throw new CliException(problem);
        return options;
    }

    /// <summary>For replicas as processes.</summary>
    internal static IEnumerable<string> Repeat(TurnOptions options)
    {
        if (options.Urls.Count == 0) return [];
        return [.. options.Urls.SelectMany(url => (string[])["--turn", url]), "--turn-secret-file", options.SecretFile,
            "--turn-seconds", options.CredentialSeconds.ToString(CultureInfo.InvariantCulture)];
    }
}
