using System.CommandLine;

namespace VideoScale.Cli.Ctl;

/// <summary>Options every <c>ctl</c> command takes.</summary>
internal static class CtlOptions
{
    internal const string DefaultServers = "127.0.0.1:7980,7981,7982";

    internal static Option<string> Server { get; } = new("--server", "-s")
    {
        Description =
            $"Replicas to ask, host:port[,port…]; the next is tried when one does not answer. Default: VIDEOSCALE_SERVER, else "
            + $"{DefaultServers}.",
        HelpName = "LIST",
        Recursive = true,
        DefaultValueFactory = _ =>
            Environment.GetEnvironmentVariable("VIDEOSCALE_SERVER") is { Length: > 0 } servers ? servers : DefaultServers,
    };
    internal static Option<string?> Token { get; } = new("--token")
    {
        Description = "API token; default VIDEOSCALE_TOKEN.",
        HelpName = "TOKEN",
        Recursive = true,
    };
    internal static Option<bool> Json { get; } = new("--json")
    {
        Description = "One JSON object per line (protobuf's JSON: 64-bit numbers are strings).",
        Recursive = true,
    };
    internal static Option<double> TimeoutSeconds { get; } = new("--timeout")
    {
        Description = "Longest wait for an answer, in seconds; default 10.",
        HelpName = "SECONDS",
        Recursive = true,
        DefaultValueFactory = _ => 10,
    };
    internal static Option<string?> RequestId { get; } = new("--request-id")
    {
        Description = "Makes a change safe to repeat: the same id gives the same answer for 24 h. Default: a new UUIDv7.",
        HelpName = "ID",
        Recursive = true,
    };
    internal static Option<string?> Certificate { get; } = new("--cert")
    {
        Description = "PEM file with your certificate.",
        HelpName = "FILE",
        Recursive = true,
    };
    internal static Option<string?> Key { get; } = new("--key")
    {
        Description = "PEM file with its private key.",
        HelpName = "FILE",
        Recursive = true,
    };
    internal static Option<string?> Authority { get; } = new("--ca")
    {
        Description = "PEM file with the authority of the replicas' certificates.",
        HelpName = "FILE",
        Recursive = true,
    };

    /// <summary>Not recursive: only reads have it.</summary>
    internal static Option<bool> Stale { get; } =
        new("--stale") { Description = "Answer from what the replica has applied so far; works without a quorum." };
}
