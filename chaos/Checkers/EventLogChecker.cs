using System.Text.Json;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using VideoScale.Chaos.Workloads;
using VideoScale.V1;

namespace VideoScale.Chaos.Checkers;

/// <summary>What one reading of a replica's whole event log found.</summary>
public sealed record EventLogFinding(ulong Events, ByteString ChainHead, IReadOnlyList<string> Violations);

/// <summary>
/// Reads the event log of one replica and checks it against what clients were told: gapless, every acknowledged
/// command there exactly once under the index it was told, epochs of a room strictly growing.
/// </summary>
public static class EventLogChecker
{
    private const int MostViolations = 20;

    public static async Task<EventLogFinding> CheckAsync(GrpcChannel channel, IReadOnlyCollection<Acknowledged> acknowledged,
        CancellationToken cancellationToken)
    {
        var violations = new List<string>();
        var indexesOfCommand = new Dictionary<string, ulong>();
        var epochOfRoom = new Dictionary<string, ulong>();
        ulong expectedSeq = 1, lastIndex = 0;
        var head = ByteString.Empty;
        using var call = new AuditService.AuditServiceClient(channel).ReadAll(new ReadAllRequest(), cancellationToken: cancellationToken);
        await foreach (var e in call.ResponseStream.ReadAllAsync(cancellationToken))
        {
            if (e.EventSeq != expectedSeq) violations.Add($"event {expectedSeq} is missing: {e.EventSeq} came");
            expectedSeq = e.EventSeq + 1;
            head = e.ChainHash;
            if (e.RaftIndex < lastIndex) violations.Add($"event {e.EventSeq} goes back from index {lastIndex} to {e.RaftIndex}");
            lastIndex = e.RaftIndex;
            if (e.CommandId.Length > 0 && !indexesOfCommand.TryAdd(e.CommandId, e.RaftIndex)
                && indexesOfCommand[e.CommandId] != e.RaftIndex)
                violations.Add($"command {e.CommandId} took effect twice: at index {indexesOfCommand[e.CommandId]} and at {e.RaftIndex}");
            if (e.Type is "RoomPlaced" or "RoomMigrated") CheckEpoch(e, epochOfRoom, violations);
            if (violations.Count > MostViolations) break;
        }
        foreach (var a in acknowledged)
        {
            if (violations.Count > MostViolations) break;
            if (a.EventSeq == 0) continue; // a repeat or no-op: it caused no event
            if (!indexesOfCommand.TryGetValue(a.RequestId, out var index))
                violations.Add($"acknowledged {a.F} {a.RequestId} of {a.Room} is not in the event log");
            else if (index != a.LogIndex)
                violations.Add($"acknowledged {a.F} {a.RequestId} was told index {a.LogIndex}, the log has it at {index}");
        }
        return new EventLogFinding(expectedSeq - 1, head, violations);
    }

    private static void CheckEpoch(Event e, Dictionary<string, ulong> epochOfRoom, List<string> violations)
    {
        using var payload = JsonDocument.Parse(e.PayloadJson);
        if (!payload.RootElement.TryGetProperty("epoch", out var value))
        {
            violations.Add($"event {e.EventSeq} ({e.Type}) has no epoch");
            return;
        }
        var epoch = value.ValueKind == JsonValueKind.Number ? value.GetUInt64() : ulong.Parse(value.GetString()!);
        if (epochOfRoom.TryGetValue(e.Stream, out var before) && epoch <= before)
            violations.Add($"{e.Stream}: epoch {epoch} follows {before} at event {e.EventSeq}");
        epochOfRoom[e.Stream] = epoch;
    }
}
