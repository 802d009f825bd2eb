using JasperFx;
using Marten;
using Npgsql;
using VideoScale.ControlPlane.Audit;
using VideoScale.ControlPlane.Host.Export;
using VideoScale.Export.Rows;
using VideoScale.Export.Schema;
using VideoScale.Export.Steps;
using VideoScale.Export.Takeovers;
using VideoScale.Export.Writing;
using VideoScale.Model;

namespace VideoScale.Export;

/// <summary>
/// The event log in PostgreSQL, as Marten keeps events: each batch is one transaction of Marten's own session. Nothing is ever appended
/// through Marten: that loses the order between streams, and burns numbers that events have already.
/// </summary>
public sealed class MartenExport : IExportTarget
{
    private readonly PostgresAddress _address;
    private readonly NpgsqlDataSource _source;
    private readonly Lazy<DocumentStore> _store;
    private readonly StepHook? _hook;
    private ExportMark? _held;

    private readonly Takeover _takeover;

    public MartenExport(PostgresAddress address) : this(address, null, Takeover.Patience)
    {
    }

    internal MartenExport(PostgresAddress address, StepHook? hook, TimeSpan patience)
    {
        ArgumentNullException.ThrowIfNull(address);
        _address = address;
        _source = address.OpenSource();
        _store = new(() => ExportStore.Open(_source, AutoCreate.None));
        _hook = hook;
        _takeover = new Takeover(_source, patience);
    }

    public string Name => _address.ToString();

    public async ValueTask<ulong> TakeOverAsync(ExportClaim claim, IExportedLog log, CancellationToken cancellationToken)
    {
        try
        {
            _held = await _takeover.RunAsync(claim, log, cancellationToken);
            return _held.LastSeq;
        }
        catch (Exception e) when (IsOfPostgres(e)) { throw Failures.OfTakeover(e); }
    }

    public async ValueTask WriteAsync(IReadOnlyList<EventEnvelope> batch, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(batch);
        Invariant.Require(_held is not null && batch[0].EventSeq == _held.LastSeq + 1, "a batch follows the events that are there");
        var rows = EventRow.Of(batch, _held!.Chain);
        var next = _held with { LastSeq = batch[^1].EventSeq, Chain = rows[^1].Chain };
        try
        {
            await using var session = _store.Value.LightweightSession();
            session.QueueOperation(new Fence(_held, next, _hook));
            session.QueueOperation(new StreamRows(rows));
            ((ITransactionParticipantRegistrar)session).AddTransactionParticipant(new RowCopy(rows, _hook));
            await session.SaveChangesAsync(cancellationToken);
            await StepHook.At(_hook, ExportStep.AfterCommit, cancellationToken);
            await using var connection = await _source.OpenConnectionAsync(cancellationToken);
            await ExportSequence.SetAsync(connection, next, cancellationToken);
            _held = next;
        }
        catch (Exception e) when (Failures.Find<FenceClosedException>(e) is not null)
        {
            await CheckAsync(cancellationToken); // says what it is
            throw new ExportException(ExportProblem.Transient, "the fence was closed, and is open again", null, e);
        }
        catch (Exception e) when (IsOfPostgres(e)) { throw Failures.OfBatch(e, rows); }
    }

    public async ValueTask CheckAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = await _source.OpenConnectionAsync(cancellationToken);
            var row = await CheckpointRow.ReadAsync(connection, cancellationToken);
            if (row != _held) throw Moved(row);
        }
        catch (Exception e) when (IsOfPostgres(e)) { throw Failures.OfTakeover(e); }
    }

    public async ValueTask DisposeAsync()
    {
        if (_store.IsValueCreated) await _store.Value.DisposeAsync();
        await _source.DisposeAsync();
    }

    /// <summary>Another exporter has the row, or it was set back, as by a restored backup: then it is taken again.</summary>
    private ExportException Moved(ExportMark? row) =>
        row is not null && (row.Epoch > _held!.Epoch || row.Epoch == _held.Epoch && row.Exporter != _held.Exporter)
            ? new ExportException(ExportProblem.Fenced, $"{row.Exporter} exports, in term {row.Epoch}")
            : new ExportException(ExportProblem.Transient,
                $"the database stands at event {row?.LastSeq ?? 0}, and stood at {_held!.LastSeq}: it was set back");

    private static bool IsOfPostgres(Exception e) =>
        e is ExportException or TimeoutException || Failures.Find<NpgsqlException>(e) is not null
        || Failures.Find<StreamVersionException>(e) is not null || e is System.Net.Sockets.SocketException or IOException;
}
