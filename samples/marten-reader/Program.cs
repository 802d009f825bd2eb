using System.Globalization;
using Marten;
using MartenReader;

// usage: MartenReader CONNECTION prepare | stream STREAM | room STREAM [version N | at TIME] | rooms NODE | follow
try
{
    return args switch
    {
        [var connection, "prepare"] => await PrepareAsync(connection),
        [var connection, "stream", var stream] => await StreamAsync(connection, stream),
        [var connection, "room", var stream] => await RoomAsync(connection, stream, 0, null),
        [var connection, "room", var stream, "version", var version] =>
            await RoomAsync(connection, stream, long.Parse(version, CultureInfo.InvariantCulture), null),
        [var connection, "room", var stream, "at", var time] =>
            await RoomAsync(connection, stream, 0, DateTimeOffset.Parse(time, CultureInfo.InvariantCulture)),
        [var connection, "rooms", var node] => await RoomsAsync(connection, node),
        [var connection, "follow"] => await FollowAsync(connection),
        _ => Usage(),
    };
}
catch (Exception e) when (e is Npgsql.NpgsqlException or FormatException)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}

static async Task<int> PrepareAsync(string connection)
{
    await Reading.PrepareAsync(connection);
    return 0;
}

static async Task<int> StreamAsync(string connection, string stream)
{
    await using var store = Reading.Open(connection);
    await using var session = store.QuerySession();
    foreach (var happened in await session.Events.FetchStreamAsync(stream))
        Console.WriteLine($"#{happened.Sequence} {happened.Version} {happened.Timestamp.UtcDateTime:O} {happened.Data}");
    return 0;
}

static async Task<int> RoomAsync(string connection, string stream, long version, DateTimeOffset? at)
{
    await using var store = Reading.Open(connection);
    await using var session = store.QuerySession();
    Console.WriteLine(await session.Events.AggregateStreamAsync<Room>(stream, version, at) is { } room ? room.ToString() : "no such room");
    return 0;
}

// The daemon brings the projection up to date; then it is a table like any other.
static async Task<int> RoomsAsync(string connection, string node)
{
    await using var store = Reading.Open(connection);
    using (var daemon = await store.BuildProjectionDaemonAsync())
        await daemon.RebuildProjectionAsync<Room>(CancellationToken.None);
    await using var session = store.QuerySession();
    foreach (var room in await session.Query<Room>().Where(room => room.Node == node && !room.IsClosed).OrderBy(room => room.Id)
        .ToListAsync())
        Console.WriteLine(room);
    return 0;
}

// Until its input ends.
static async Task<int> FollowAsync(string connection)
{
    await using var store = Reading.Open(connection, new Follower(Console.WriteLine));
    using var daemon = await store.BuildProjectionDaemonAsync();
    await daemon.StartAllAsync();
    await Console.In.ReadToEndAsync();
    await daemon.StopAllAsync();
    return 0;
}

static int Usage()
{
    Console.Error.WriteLine(
        "usage: MartenReader CONNECTION prepare | stream STREAM | room STREAM [version N | at TIME] | rooms NODE | follow");
    return 2;
}
