using System.CommandLine;
using VideoScale.ControlPlane.Host.Export;
using VideoScale.ControlPlane.Host.Options;
using VideoScale.Export;
using VideoScale.Rpc;

namespace VideoScale.Cli.CommandLine;

/// <summary>Where the database is, on the command line; a password need not stand there.</summary>
internal static class PostgresOptions
{
    internal const string Flag = "--postgres";

    internal static Option<string?> Url { get; } = new(Flag)
    {
        Description = "postgres://USER@HOST[:PORT]/DATABASE.",
        HelpName = "URL",
    };
    internal static Option<string?> PasswordFile { get; } = new("--postgres-password-file")
    {
        Description = $"File with the database's password; else it stands in the URL or in {PostgresAddress.PasswordVariable}.",
        HelpName = "FILE",
    };

    internal static PostgresAddress Require(ParseResult parsed) =>
        TryRead(parsed) ?? throw new CliException($"{Flag} is needed: postgres://USER@HOST[:PORT]/DATABASE");

    internal static PostgresAddress? TryRead(ParseResult parsed)
    {
        if (parsed.GetValue(Url) is not { Length: > 0 } url) return null;
        return PostgresAddress.TryParse(url, parsed.GetValue(PasswordFile) ?? "", out var address, out var problem) ? address
            : throw new CliException($"{Flag}: {problem}");
    }

    /// <summary>A replica's target, by its settings; null when it has none.</summary>
    /// <exception cref="StartupException"/>
    internal static IExportTarget? TargetOf(ExportOptions options)
    {
        if (options.Postgres.Length == 0) return null;
        return PostgresAddress.TryParse(options.Postgres, options.PasswordFile, out var address, out var problem)
            ? new MartenExport(address)
            : throw new StartupException(ExitCode.BadConfiguration, $"ControlPlane:Export:Postgres: {problem}");
    }
}
