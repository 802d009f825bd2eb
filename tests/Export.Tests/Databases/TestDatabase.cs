using Npgsql;
using VideoScale.Export.Embedded;
using VideoScale.Export.Steps;

namespace VideoScale.Export.Tests.Databases;

/// <summary>One test's database.</summary>
public sealed class TestDatabase(PostgresServer server, string name) : IAsyncDisposable
{
    private readonly NpgsqlDataSource _source = NpgsqlDataSource.Create(ConnectionString(server, name));

    internal string Url => server.Url.Replace($"/{PostgresServer.Database}?", $"/{name}?", StringComparison.Ordinal);
    internal string Name => name;
    internal string SocketPath => Path.Combine(Path.GetDirectoryName(server.LogPath)!, $".s.PGSQL.{server.Port}");
    internal PostgresAddress Address => PostgresFixture.AddressOf(Url);
    internal NpgsqlDataSource Source => _source;

    /// <summary>Through something that listens on loopback.</summary>
    internal string UrlAt(int port) => $"postgres://{PostgresServer.Owner}@127.0.0.1:{port}/{name}";

    internal static string ConnectionString(PostgresServer server, string name) =>
        $"Host={Path.GetDirectoryName(server.LogPath)};Port={server.Port};Username={PostgresServer.Owner};Database={name};Application "
            + $"Name=test;Pooling=false";

    internal MartenExport Export(StepHook? hook = null) =>
        new(Address, hook, TimeSpan.FromMilliseconds(200));

    internal async Task<T> ScalarAsync<T>(string sql)
    {
        await using var command = _source.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    internal async Task ExecuteAsync(string sql)
    {
        await using var command = _source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Ends the exporters' connections, as a machine that is gone would leave them.</summary>
    internal Task CutAsync() => ExecuteAsync(
        $"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}' and application_name = 'videoscale-export'");

    public ValueTask DisposeAsync() => _source.DisposeAsync();
}
