using System.Globalization;
using VideoScale.Model;
using VideoScale.V1;

namespace VideoScale.Cli.Ctl;

/// <summary>How values look in tables.</summary>
internal static class Format
{
    internal static string Epoch(ulong epoch) => epoch == 0 ? "-" : new Epoch(epoch).ToString();
    internal static string Text(string text) => text.Length == 0 ? "-" : text;
    internal static string Cap(uint taken, uint cap) => cap == 0 ? $"{taken}" : $"{taken}/{cap}";
    internal static string Room(Room room) => VideoScale.Model.RoomName.Shown(room.Name.Length > 0 ? room.Name : room.RoomId);
    internal static string Status(RoomStatus status) => status.ToString().ToLowerInvariant();
    /// <summary>Its place in the queue; nothing when an older replica did not say.</summary>
    internal static string Wait(RoomWait? wait) => wait is null ? ""
        : $" (number {wait.Position} of {wait.Total} that wait, about {(wait.RetryAfterMs + 999) / 1000} s)";
    internal static string Role(ParticipantRole role) => role.ToString().ToLowerInvariant();
    internal static string Status(SeatStatus status) => status.ToString().ToLowerInvariant();
    internal static string Health(NodeHealth health) => health.ToString().ToLowerInvariant();
    internal static string Scheduling(NodeScheduling scheduling) => scheduling.ToString().ToLowerInvariant();
    internal static string Time(long unixMs) => unixMs == 0 ? "-"
        : DateTimeOffset.FromUnixTimeMilliseconds(unixMs).ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);
    internal static string Bytes(ulong bytes) =>
        bytes < 10_000 ? $"{bytes} B" : bytes < 10_000_000 ? $"{bytes / 1000} kB" : $"{bytes / 1_000_000} MB";
    internal static string Permille(int permille) => (permille / 10.0).ToString("0.0", CultureInfo.InvariantCulture) + " %";
    internal static string Commit(Commit commit) =>
        $"log index {commit.LogIndex}" + (commit.EventSeq == 0 ? ", nothing to change" : $", event {commit.EventSeq}");
}
