using System.Data.Common;
using JasperFx.Events;
using NpgsqlTypes;
using VideoScale.Export.Rows;
using VideoScale.Export.Schema;
using Weasel.Core;
using Weasel.Storage;
using ICommandBuilder = Weasel.Postgresql.ICommandBuilder;
using IStorageOperation = Marten.Internal.Operations.IStorageOperation;

namespace VideoScale.Export.Writing;

/// <summary>
/// Brings mt_streams to the versions that a batch ends with. A stream that does not stand where the batch begins is not counted, and the
/// count must be right.
/// </summary>
internal sealed class StreamRows : IStorageOperation
{
    private const string Sql = $"""
        with batch as (select * from unnest(
        """;
    private const string Rest = $"""
        ) as batch(id, first_version, last_version, began, ended)),
        grown as (update {Names.Streams} s set version = b.last_version, timestamp = b.ended
          from batch b where s.id = b.id and b.first_version > 1 and s.version = b.first_version - 1 returning 1),
        begun as (insert into {Names.Streams} (id, type, version, timestamp, created, tenant_id, is_archived)
          select b.id, null, b.last_version, b.ended, b.began, '{Names.MartenTenant}', false from batch b where b.first_version = 1 returning 1)
        select (select count(*) from grown) + (select count(*) from begun)
        """;
    private readonly string[] _ids;
    private readonly long[] _first, _last;
    private readonly DateTime[] _began, _ended;

    internal StreamRows(IReadOnlyList<EventRow> rows)
    {
        var streams = rows.GroupBy(row => row.Stream, StringComparer.Ordinal).ToArray();
        _ids = [.. streams.Select(stream => stream.Key)];
        _first = [.. streams.Select(stream => stream.First().Version)];
        _last = [.. streams.Select(stream => stream.Last().Version)];
        _began = [.. streams.Select(stream => stream.First().Timestamp)];
        _ended = [.. streams.Select(stream => stream.Last().Timestamp)];
    }

    public Type DocumentType => typeof(IEvent);

    public OperationRole Role() => OperationRole.Other;

    public void ConfigureCommand(ICommandBuilder builder, IStorageSession session)
    {
        builder.Append(Sql);
        builder.AppendParameter(_ids, NpgsqlDbType.Array | NpgsqlDbType.Varchar);
        builder.Append(", ");
        builder.AppendParameter(_first, NpgsqlDbType.Array | NpgsqlDbType.Bigint);
        builder.Append(", ");
        builder.AppendParameter(_last, NpgsqlDbType.Array | NpgsqlDbType.Bigint);
        builder.Append(", ");
        builder.AppendParameter(_began, NpgsqlDbType.Array | NpgsqlDbType.TimestampTz);
        builder.Append(", ");
        builder.AppendParameter(_ended, NpgsqlDbType.Array | NpgsqlDbType.TimestampTz);
        builder.Append(Rest);
    }

    public async Task PostprocessAsync(DbDataReader reader, IList<Exception> exceptions, CancellationToken token)
    {
        var right = await reader.ReadAsync(token) ? reader.GetInt64(0) : 0;
        if (right != _ids.Length) exceptions.Add(new StreamVersionException(_ids.Length, right));
    }
}

/// <summary>Somebody else wrote to a stream, or a row of it is gone.</summary>
internal sealed class StreamVersionException(int expected, long right)
    : Exception($"{right} of {expected} streams of the batch stand where it begins");
