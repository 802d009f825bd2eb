using System.Diagnostics;
using System.Globalization;
using Npgsql;

namespace VideoScale.Export.Embedded;

/// <summary>
/// A PostgreSQL of one's own in a directory, from the system's package: for development and tests. It stops with whoever started it, also
/// when that one is killed.
/// </summary>
public sealed class PostgresServer : IAsyncDisposable
{
    public const string Owner = "videoscale";
    public const string Database = "videoscale";
    private const int SocketPort = 5432;
    private static readonly TimeSpan StopGrace = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);

    /// <summary>Runs the server until its own standard input closes. It looks once a second whether the server still runs.</summary>
    private const string Keeper = """
        log=$1; shift; "$@" </dev/null >>"$log" 2>&1 & pid=$!
        while kill -0 $pid 2>/dev/null; do read -r -t 1 _; [ $? -eq 1 ] && break; done
        kill -INT $pid 2>/dev/null; wait $pid
        """;

    private readonly Process _keeper;
    private readonly PostgresDirectory _directory;

    private PostgresServer(Process keeper, PostgresDirectory directory, int port)
    {
        (_keeper, _directory) = (keeper, directory);
        Port = port;
    }

    public int Port { get; }

    /// <summary>On loopback or by its socket, as its owner; it asks for no password.</summary>
    public string Url => string.Create(CultureInfo.InvariantCulture,
        $"postgres://{Owner}@localhost:{Port}/{Database}?host={Uri.EscapeDataString(_directory.Path)}");

    /// <summary>For applications on this machine.</summary>
    public string LoopbackUrl => string.Create(CultureInfo.InvariantCulture, $"postgres://{Owner}@127.0.0.1:{Port}/{Database}");

    public Task Exited => _keeper.WaitForExitAsync();
    public string LogPath => _directory.LogPath;

    /// <summary>Makes the directory if there is none, starts, and returns when the database answers.</summary>
    /// <param name="port">On loopback; null: by its socket alone, for tests, and then nothing survives a loss of power.</param>
    /// <exception cref="PostgresServerException">One line for whoever started it.</exception>
    public static async Task<PostgresServer> StartAsync(string path, int? port, CancellationToken cancellationToken)
    {
        var directory = PostgresDirectory.Prepare(path, durable: port is not null);
        var number = port ?? SocketPort;
        var start = PostgresDirectory.Command("setsid", "bash", "-c", Keeper, "keeper", directory.LogPath, directory.Program("postgres"),
            "-D",
            directory.DataPath, "-p", number.ToString(CultureInfo.InvariantCulture), "-k", directory.Path, "-c",
            port is null ? "listen_addresses=" : "listen_addresses=127.0.0.1", "-c", port is null ? "fsync=off" : "fsync=on");
        start.RedirectStandardInput = true;
        var server = new PostgresServer(Process.Start(start)!, directory, number);
        try
        {
            await server.WaitAsync(cancellationToken);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_keeper.HasExited) return;
        _keeper.StandardInput.Close();
        using var limit = new CancellationTokenSource(StopGrace);
        try { await _keeper.WaitForExitAsync(limit.Token); }
        catch (OperationCanceledException) { _keeper.Kill(entireProcessTree: true); }
        _keeper.Dispose();
    }

    private async Task WaitAsync(CancellationToken cancellationToken)
    {
        var settings = new NpgsqlConnectionStringBuilder
        {
            Host = _directory.Path,
            Port = Port,
            Username = Owner,
            Database = "postgres",
            Pooling = false,
        };
        while (true)
        {
            if (_keeper.HasExited)
                throw new PostgresServerException($"PostgreSQL ended at its start: {_directory.LastWords()} (log: {_directory.LogPath})");
            try
            {
                await using var connection = new NpgsqlConnection(settings.ConnectionString);
                await connection.OpenAsync(cancellationToken);
                await using var create = new NpgsqlCommand($"create database {Database}", connection);
                await create.ExecuteNonQueryAsync(cancellationToken);
                return;
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.DuplicateDatabase) { return; }
            catch (NpgsqlException) { await Task.Delay(Poll, cancellationToken); } // it is starting
        }
    }
}

/// <summary>PostgreSQL cannot be started here; the message says what to do.</summary>
public sealed class PostgresServerException : Exception
{
    public PostgresServerException()
    {
    }

    public PostgresServerException(string message) : base(message)
    {
    }

    public PostgresServerException(string message, Exception innerException) : base(message, innerException)
    {
    }
}
