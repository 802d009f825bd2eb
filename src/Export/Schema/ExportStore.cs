using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using JasperFx;
using JasperFx.Events;
using Marten;
using Marten.Services;
using Npgsql;
using VideoScale.ControlPlane.Events;
using Weasel.Postgresql.Tables;

namespace VideoScale.Export.Schema;

/// <summary>Marten's store as the exporter uses it. Its schema is Marten's own, with two tables of ours beside it.</summary>
internal static class ExportStore
{
    /// <param name="schema">Who makes or changes tables: <see cref="AutoCreate.None"/> but for <c>export init</c>.</param>
    internal static DocumentStore Open(NpgsqlDataSource source, AutoCreate schema) => DocumentStore.For(options =>
    {
        options.Connection(source);
        options.DatabaseSchemaName = Names.Schema;
        options.AutoCreateSchemaObjects = schema;
        options.Events.StreamIdentity = StreamIdentity.AsString;
        options.Events.MetadataConfig.EnableAll();
        options.Events.MetadataConfig.UserNameEnabled = true;
        foreach (var (kind, type) in EventTypes()) options.Events.MapEventType(kind, NameOf(type.ToString()));
        var serializer = new SystemTextJsonSerializer();
        serializer.Configure(json => json.Converters.Add(new EventJson()));
        options.Serializer(serializer);
        options.ConfigureWritePolly(_ => { }); // whether a batch is written again, the exporter alone decides
        options.Storage.ExtendedSchemaObjects.Add(Checkpoint());
        options.Storage.ExtendedSchemaObjects.Add(Ledger());
    });

    /// <summary>As Marten names what its readers map: <c>room_created</c>.</summary>
    internal static string NameOf(string eventType) => JsonNamingPolicy.SnakeCaseLower.ConvertName(eventType);

    /// <summary>Every event there is: its class, which knows its number without an instance's fields.</summary>
    private static IEnumerable<(Type Class, EventType Type)> EventTypes() => typeof(DomainEvent).Assembly.GetTypes()
        .Where(type => !type.IsAbstract && type.IsSubclassOf(typeof(DomainEvent)))
        .Select(type => (type, ((DomainEvent)RuntimeHelpers.GetUninitializedObject(type)).Type));

    private static Table Checkpoint()
    {
        var table = new Table(Names.Checkpoint);
        table.AddColumn<int>("id").AsPrimaryKey();
        table.AddColumn("cluster_id", "varchar").NotNull();
        table.AddColumn("epoch", "bigint").NotNull();
        table.AddColumn("last_seq", "bigint").NotNull();
        table.AddColumn("chain", "bytea").NotNull();
        table.AddColumn("exporter", "varchar").NotNull();
        table.AddColumn("updated_at", "timestamptz").NotNull();
        return table;
    }

    private static Table Ledger()
    {
        var table = new Table(Names.Ledger);
        table.AddColumn("seq", "bigint").AsPrimaryKey();
        table.AddColumn("raft_index", "bigint").NotNull();
        table.AddColumn("raft_term", "bigint").NotNull();
        table.AddColumn("leaf", "bytea").NotNull();
        table.AddColumn("chain", "bytea").NotNull();
        table.AddColumn("record", "bytea").NotNull();
        return table;
    }

    /// <summary>An event as <c>audit</c> shows it. It is only written: readers have classes of their own.</summary>
    private sealed class EventJson : JsonConverter<DomainEvent>
    {
        public override bool CanConvert(Type typeToConvert) => typeToConvert.IsAssignableTo(typeof(DomainEvent));

        public override DomainEvent Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            throw new NotSupportedException("events are read from their canonical bytes, never from JSON");

        public override void Write(Utf8JsonWriter writer, DomainEvent value, JsonSerializerOptions options) =>
            writer.WriteRawValue(value.ToJson());
    }
}
