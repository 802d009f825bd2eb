using VideoScale.Cli.CommandLine;
using VideoScale.ControlPlane.Host.Options;
using VideoScale.Export;
using VideoScale.Export.Embedded;

namespace VideoScale.Cli.Up;

/// <summary>The database that <c>up --postgres</c> exports to: one that runs, or one of its own in the data directory.</summary>
internal sealed class ExportedTo : IAsyncDisposable
{
    internal const string Embedded = "embedded";
    private readonly PostgresServer? _server;
    private readonly string _url, _passwordFile;

    private ExportedTo(string url, string passwordFile, PostgresServer? server) =>
        (_url, _passwordFile, _server) = (url, passwordFile, server);

    /// <summary>Nowhere.</summary>
    internal bool IsNone => _url.Length == 0;

    /// <summary>What applications on this machine connect to; null where that was given.</summary>
    internal string? OwnUrl => _server?.LoopbackUrl;

    /// <summary>For replicas as processes: a password in it stands in no list of processes.</summary>
    internal IReadOnlyDictionary<string, string> Environment => IsNone ? new Dictionary<string, string>() : new()
    {
        [$"VIDEOSCALE__{ControlPlaneOptions.Section}__Export__Postgres"] = _url,
        [$"VIDEOSCALE__{ControlPlaneOptions.Section}__Export__PasswordFile"] = _passwordFile,
    };

    /// <summary>For a replica in this process.</summary>
    internal ExportOptions Options => new() { Postgres = _url, PasswordFile = _passwordFile };

    internal static async Task<ExportedTo> OpenAsync(string? given, string? passwordFile, DataDirectory directory, Ports ports,
        CancellationToken cancellationToken)
    {
        var file = passwordFile is null ? "" : Path.GetFullPath(passwordFile);
        if (given is null) return new("", "", null);
        if (given != Embedded)
            return PostgresAddress.TryParse(given, file, out _, out var problem) ? new(given, file, null)
                : throw new CliException($"{PostgresOptions.Flag}: {problem}; or \"{Embedded}\"");
        try
        {
            Console.WriteLine("starting PostgreSQL …");
            var server = await PostgresServer.StartAsync(Path.Combine(directory.FullPath, "postgres"), ports.Postgres, cancellationToken);
            try
            {
                if (!PostgresAddress.TryParse(server.Url, "", out var address, out var wrong)) throw new CliException(wrong);
                await using var database = new ExportDatabase(address);
                await database.InitializeAsync(cancellationToken);
                _ = SayWhenItEndsAsync(server, cancellationToken);
                return new(server.Url, "", server);
            }
            catch
            {
                await server.DisposeAsync();
                throw;
            }
        }
        catch (PostgresServerException e) { throw new CliException(e.Message, e) { ExitCode = Exit.Refused }; }
    }

    private static async Task SayWhenItEndsAsync(PostgresServer server, CancellationToken stopping)
    {
        await server.Exited;
        if (!stopping.IsCancellationRequested)
            Console.WriteLine($"PostgreSQL has ended (log: {server.LogPath}); events are kept and exported when `up` is started again");
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null) await _server.DisposeAsync();
    }
}
