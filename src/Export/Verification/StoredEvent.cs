using System.Text.Json;
using VideoScale.Export.Rows;
using VideoScale.Export.Schema;

namespace VideoScale.Export.Verification;

/// <summary>A row of mt_events as it stands there.</summary>
internal sealed record StoredEvent
{
    internal required Guid Id { get; init; }
    internal required string Stream { get; init; }
    internal required long Version { get; init; }
    internal required string Data { get; init; }
    internal required string Type { get; init; }
    internal required DateTime Timestamp { get; init; }
    internal required string? Tenant { get; init; }
    internal required string? Class { get; init; }
    internal required string? CorrelationId { get; init; }
    internal required string? CausationId { get; init; }
    internal required string? Headers { get; init; }
    internal required string? UserName { get; init; }
    internal required bool IsArchived { get; init; }
    internal required bool HasNoBinary { get; init; }

    /// <returns>The first column that is not as expected; null when all are.</returns>
    internal string? FirstDifference(EventRow expected)
    {
        (string Column, bool Same)[] columns =
        [
            ("id", Id == expected.Id), ("stream_id", Stream == expected.Stream), ("version", Version == expected.Version),
            ("type", Type == expected.Type), ("timestamp", Timestamp == expected.Timestamp), ("tenant_id", Tenant == Names.MartenTenant),
            ("mt_dotnet_type", Class is ""), ("correlation_id", CorrelationId == expected.CorrelationId),
            ("causation_id", CausationId == expected.CausationId), ("user_name", UserName == expected.UserName),
            ("is_archived", !IsArchived), ("bdata", HasNoBinary), ("data", IsSameJson(Data, expected.Data)),
            ("headers", Headers is not null && IsSameJson(Headers, expected.Headers)),
        ];
        return columns.FirstOrDefault(column => !column.Same).Column;
    }

    /// <summary>PostgreSQL keeps the values and not the text: fields come in another order.</summary>
    private static bool IsSameJson(string stored, string expected)
    {
        using var one = JsonDocument.Parse(stored);
        using var other = JsonDocument.Parse(expected);
        return JsonElement.DeepEquals(one.RootElement, other.RootElement);
    }
}
