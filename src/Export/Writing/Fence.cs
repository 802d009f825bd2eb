using System.Data.Common;
using JasperFx.Events;
using NpgsqlTypes;
using VideoScale.Export.Schema;
using VideoScale.Export.Steps;
using Weasel.Core;
using Weasel.Storage;
using ICommandBuilder = Weasel.Postgresql.ICommandBuilder;
using IStorageOperation = Marten.Internal.Operations.IStorageOperation;

namespace VideoScale.Export.Writing;

/// <summary>First in every transaction: only while the row is as this exporter left it is anything written.</summary>
internal sealed class Fence(ExportMark held, ExportMark next, StepHook? hook) : IStorageOperation
{
    public Type DocumentType => typeof(IEvent);

    public OperationRole Role() => OperationRole.Other;

    public void ConfigureCommand(ICommandBuilder builder, IStorageSession session)
    {
        builder.Append($"update {Names.Checkpoint} set last_seq = ");
        builder.AppendParameter((long)next.LastSeq, NpgsqlDbType.Bigint);
        builder.Append(", chain = ");
        builder.AppendParameter(next.Chain.ToArray(), NpgsqlDbType.Bytea);
        builder.Append(", updated_at = now() where id = 1 and epoch = ");
        builder.AppendParameter((long)held.Epoch, NpgsqlDbType.Bigint);
        builder.Append(" and exporter = ");
        builder.AppendParameter(held.Exporter, NpgsqlDbType.Varchar);
        builder.Append(" and last_seq = ");
        builder.AppendParameter((long)held.LastSeq, NpgsqlDbType.Bigint);
        builder.Append(" returning last_seq");
    }

    public async Task PostprocessAsync(DbDataReader reader, IList<Exception> exceptions, CancellationToken token)
    {
        if (!await reader.ReadAsync(token)) exceptions.Add(new FenceClosedException());
        else await StepHook.At(hook, ExportStep.AfterFence, token);
    }
}

/// <summary>The row is another exporter's, or stands elsewhere: nothing was written.</summary>
internal sealed class FenceClosedException() : Exception("the checkpoint's row is not as this exporter left it");
