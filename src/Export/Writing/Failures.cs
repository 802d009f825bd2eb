using System.Globalization;
using System.Text.RegularExpressions;
using Npgsql;
using VideoScale.ControlPlane.Host.Export;
using VideoScale.Export.Rows;

namespace VideoScale.Export.Writing;

/// <summary>What a failure means for the exporter. Marten wraps what PostgreSQL said; what it said counts.</summary>
public static class Failures
{
    private static readonly Regex CopyLine = new(@"^COPY \w+, line (\d+)", RegexOptions.CultureInvariant);
    private static readonly Regex SeqKey = new(@"^Key \((?:seq_id|seq)\)=\((\d+)\)", RegexOptions.CultureInvariant);

    /// <summary>Of a batch: which of its rows it was, where that can be told.</summary>
    internal static ExportException OfBatch(Exception e, IReadOnlyList<EventRow> rows)
    {
        if (Find<StreamVersionException>(e) is { } streams)
            return new ExportException(ExportProblem.Permanent,
                $"events {rows[0].Seq} to {rows[^1].Seq}: {streams.Message}; mt_streams was written by somebody else", (ulong)rows[0].Seq,
                    e);
        if (Find<PostgresException>(e) is not { } said || !IsPermanent(said.SqlState))
            return new ExportException(ExportProblem.Transient, Words(e), null, e);
        var seq = SeqOf(said, rows);
        return new ExportException(ExportProblem.Permanent,
            $"{(seq is { } one ? $"event {one}" : $"one of events {rows[0].Seq} to {rows[^1].Seq}")} is refused by "
                + $"{said.TableName ?? "PostgreSQL"}: "
            + $"{Words(e)}", seq ?? (ulong)rows[0].Seq, e);
    }

    /// <summary>Before a batch nothing is lost by trying again: a schema that is missing may come.</summary>
    internal static ExportException OfTakeover(Exception e)
    {
        if (e is ExportException known) return known;
        var said = Find<PostgresException>(e);
        if (said is not null && LacksSchema(said))
            return new(ExportProblem.NotReady, $"{Words(e)}: make the schema with `videoscale export init`", null, e);
        var mayNot = said?.SqlState == PostgresErrorCodes.InsufficientPrivilege;
        return new(mayNot ? ExportProblem.NotReady : ExportProblem.Transient, Words(e), null, e);
    }

    /// <summary><c>export init</c> makes what is missing.</summary>
    public static bool LacksSchema(PostgresException said)
    {
        ArgumentNullException.ThrowIfNull(said);
        return said.SqlState is PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.InvalidSchemaName;
    }

    /// <summary>Data, integrity, and names or rights: the same batch would be refused again for ever.</summary>
    internal static bool IsPermanent(string state) => state.Length == 5 && state[..2] is "22" or "23" or "42";

    /// <summary>On one line, without the statement: that may hold data.</summary>
    private static string Words(Exception e) => Find<PostgresException>(e) is { } said
        ? $"{said.MessageText} ({said.SqlState}){(said.Detail is { Length: > 0 } detail ? $": {detail}" : "")}".ReplaceLineEndings(" ")
        : (Find<NpgsqlException>(e) ?? e).Message.ReplaceLineEndings(" ");

    private static ulong? SeqOf(PostgresException said, IReadOnlyList<EventRow> rows)
    {
        if (CopyLine.Match(said.Where ?? "") is { Success: true } line
            && int.TryParse(line.Groups[1].Value, CultureInfo.InvariantCulture, out var number) && number >= 1 && number <= rows.Count)
            return (ulong)rows[number - 1].Seq;
        if (SeqKey.Match(said.Detail ?? "") is { Success: true } key
            && ulong.TryParse(key.Groups[1].Value, CultureInfo.InvariantCulture, out var seq)) return seq;
        return null;
    }

    internal static T? Find<T>(Exception e) where T : Exception
    {
        for (Exception? at = e; at is not null; at = at.InnerException)
            if (at is T found) return found;
            else if (at is AggregateException many
                && many.InnerExceptions.Select(Find<T>).FirstOrDefault(one => one is not null) is { } one)
                return one;
        return null;
    }
}
