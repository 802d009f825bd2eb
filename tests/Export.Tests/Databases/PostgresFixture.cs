using System.Globalization;
using Npgsql;
using VideoScale.Export.Embedded;

namespace VideoScale.Export.Tests.Databases;

/// <summary>
/// A PostgreSQL for the tests of a class, reached by its socket; each test takes a database of its own, with the schema in it.
/// </summary>
public sealed class PostgresFixture : IAsyncLifetime
{
    private readonly string _directory = Directory.CreateTempSubdirectory("vs-pg-").FullName;
    private int _databases;

    public PostgresServer Server { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        await StartAsync();
        await using var database = new ExportDatabase(AddressOf(Server.Url));
        await database.InitializeAsync(CancellationToken.None);
        NpgsqlConnection.ClearAllPools(); // a template is copied while nobody is connected to it
    }

    public async Task StartAsync() =>
        Server = await PostgresServer.StartAsync(_directory, port: null, CancellationToken.None);

    public async Task<TestDatabase> NewDatabaseAsync()
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"t{Interlocked.Increment(ref _databases)}");
        await using var source = NpgsqlDataSource.Create(TestDatabase.ConnectionString(Server, "postgres"));
        await using var create = source.CreateCommand($"create database {name} template {PostgresServer.Database}");
        await create.ExecuteNonQueryAsync();
        return new TestDatabase(Server, name);
    }

    public async Task DisposeAsync()
    {
        await Server.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    internal static PostgresAddress AddressOf(string url) =>
        PostgresAddress.TryParse(url, "", out var address, out var problem) ? address : throw new ArgumentException(problem, nameof(url));
}
