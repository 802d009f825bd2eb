using System.Data;
using System.Globalization;
using Npgsql;
using VideoScale.ControlPlane.Audit;
using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Host.Export;
using VideoScale.Export.Rows;
using VideoScale.Export.Schema;
using VideoScale.Export.Takeovers;
using VideoScale.Export.Writing;

namespace VideoScale.Export.Verification;

/// <summary>
/// Reads a whole database and compares: every record hashes to its leaf and leads to its chain, every column is what its record decodes
/// to, streams end where their events do, and the chain is the log's. It changes nothing, and looks at one moment of the database.
/// </summary>
public sealed class PostgresVerifier(PostgresAddress address)
{
    private const int PageEvents = 2_000;

    /// <param name="log">What the database is compared with.</param>
    /// <param name="progress">Gets the last verified event now and then.</param>
    /// <exception cref="NpgsqlException"/>
    public async Task<PostgresVerification> VerifyAsync(IExportedLog log, Action<ulong>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(log);
        await using var source = address.OpenSource("videoscale");
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var moment = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
        var mark = await CheckpointRow.ReadAsync(connection, cancellationToken) ?? ExportMark.None;
        var run = new Run(connection, mark, log);
        try
        {
            await run.EventsAsync(progress, cancellationToken);
            await run.StreamsAsync(cancellationToken);
            await run.LogAsync(cancellationToken);
            return new(run.LastSeq, run.Chain, 0, "");
        }
        catch (ExportException e) when (e.IsFinal) { return new(run.LastSeq, run.Chain, e.Seq ?? 0, e.Message); }
    }

    private sealed class Run(NpgsqlConnection connection, ExportMark mark, IExportedLog log)
    {
        private readonly Dictionary<string, long> _streams = new(StringComparer.Ordinal);
        private UInt128 _cluster;

        internal ulong LastSeq { get; private set; }
        internal Hash256 Chain { get; private set; }

        internal async Task EventsAsync(Action<ulong>? progress, CancellationToken cancellationToken)
        {
            if (mark.LastSeq > 0
                && !UInt128.TryParse(mark.ClusterId, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out _cluster))
                throw Bad(0, $"{Names.Checkpoint}: \"{mark.ClusterId}\" is no cluster's id");
            while (LastSeq < mark.LastSeq)
            {
                var (after, until) = (LastSeq, Math.Min(LastSeq + PageEvents, mark.LastSeq));
                var ledger = await StoredRows.LedgerAsync(connection, after, until, cancellationToken);
                var events = await StoredRows.EventsAsync(connection, after, until, cancellationToken);
                for (var seq = after + 1; seq <= until; seq++) Check(seq, ledger.GetValueOrDefault(seq), events.GetValueOrDefault(seq));
                progress?.Invoke(LastSeq);
            }
            await WrittenRows.RequireAsync(connection, mark.LastSeq, cancellationToken);
            if (Chain != mark.Chain) throw Bad(LastSeq, $"{Names.Checkpoint} holds another chain than {Names.Ledger}");
        }

        internal async Task StreamsAsync(CancellationToken cancellationToken)
        {
            await using var read = new NpgsqlCommand($"select id, version from {Names.Streams}", connection);
            await using var reader = await read.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                var (id, version) = (reader.GetString(0), reader.GetInt64(1));
                if (!_streams.Remove(id, out var last) || last != version)
                    throw Bad(0, $"{Names.Streams}: {id} has version {version}, and its last event has {last}");
            }
            foreach (var (id, last) in _streams) throw Bad(0, $"{Names.Streams}: {id} is missing; its last event has version {last}");
        }

        /// <summary>Where the chains part is found by halving: each holds all before it.</summary>
        internal async Task LogAsync(CancellationToken cancellationToken)
        {
            var both = Math.Min(LastSeq, log.LastSeq); // whoever answers for the log may be behind its leader
            if (both == 0 || await SameAsync(both, cancellationToken)) return;
            var (same, differs) = (0UL, both);
            while (differs - same > 1)
            {
                var middle = same + (differs - same) / 2;
                if (await SameAsync(middle, cancellationToken)) same = middle;
                else differs = middle;
            }
            throw Bad(differs, $"event {differs} of {Names.Ledger} is not the log's: record and chain were written anew");
        }

        /// <summary>What the log does not hold any more, or not yet, cannot be compared.</summary>
        private async Task<bool> SameAsync(ulong seq, CancellationToken cancellationToken) =>
            await log.ChainAtAsync(seq, cancellationToken) is not { } chain
            || chain == await StoredRows.ChainAsync(connection, seq, cancellationToken);

        private void Check(ulong seq, LedgerRow? ledger, StoredEvent? stored)
        {
            if (ledger is null) throw Bad(seq, $"{Names.Ledger} has no row for event {seq}");
            if (stored is null) throw Bad(seq, $"{Names.Events} has no row for event {seq}");
            var expected = Expected(seq, ledger);
            if (ledger.FirstDifference(expected) is { } column)
                throw Bad(seq, $"event {seq}: {column} of {Names.Ledger} is not what its record says");
            if (stored.FirstDifference(expected) is { } changed)
                throw Bad(seq, $"event {seq}: {changed} of {Names.Events} is not what its record says");
            _streams[expected.Stream] = expected.Version;
            (LastSeq, Chain) = (seq, expected.Chain);
        }

        private EventRow Expected(ulong seq, LedgerRow ledger)
        {
            if (EventHashes.Leaf(ledger.Record) != ledger.Leaf) throw Bad(seq, $"event {seq}: the record does not hash to its leaf");
            try
            {
                var view = EventView.Read(ledger.Record);
                if (view.EventSeq != seq || view.EventId != EventHashes.EventId(_cluster, view.RaftIndex, view.OrdinalInEntry))
                    throw Bad(seq, $"event {seq}: the record is that of another event");
                return EventRow.Of(view.ToEnvelope(ledger.Chain), ledger.Record, Chain);
            }
            catch (CanonicalException e) { throw Bad(seq, $"event {seq}: the record cannot be read: {e.Message}"); }
        }

        private static ExportException Bad(ulong seq, string problem) => new(ExportProblem.Permanent, problem, seq);
    }
}

/// <summary>What a verification of a database found.</summary>
/// <param name="Events">Verified, from the first on.</param>
/// <param name="FirstBadSeq">0 when all is well, or when it is no event that is wrong.</param>
/// <param name="Problem">Empty when all is well.</param>
public sealed record PostgresVerification(ulong Events, Hash256 Chain, ulong FirstBadSeq, string Problem)
{
    public bool Ok => Problem.Length == 0;
}
