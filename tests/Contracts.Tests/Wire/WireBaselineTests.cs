using Google.Protobuf.Reflection;
using VideoScale.Harness;

namespace VideoScale.Contracts.Tests.Wire;

/// <summary>
/// What was once on the wire stays: numbers and names of fields, values and methods are only ever added. Old peers, event logs and clients
/// depend on it. After an addition: <c>UPDATE_GOLDEN=1 ./dev test Wire_baseline</c>, and read the difference in review.
/// </summary>
public sealed class WireBaselineTests
{
    private static readonly string Baseline = Repository.Path("tests", "Contracts.Tests", "Wire", "wire-baseline.txt");

    [Fact]
    public void Wire_baseline_only_grows()
    {
        var current = Current();
        var known = File.Exists(Baseline) ? File.ReadAllLines(Baseline).Where(l => l.Length > 0).ToArray() : [];
        var gone = Gone(known, current);
        Assert.True(gone.Count == 0, "removed from the wire or changed:\n" + string.Join('\n', gone));
        var added = current.Except(known, StringComparer.Ordinal).ToList();
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
            File.WriteAllLines(Baseline, current.Union(known, StringComparer.Ordinal).Order(StringComparer.Ordinal));
        else
            Assert.True(added.Count == 0, "new on the wire; add with UPDATE_GOLDEN=1:\n" + string.Join('\n', added));
    }

    [Theory]
    [InlineData("field videoscale.v1.Room 3 node_id: string", "field videoscale.v1.Room 3 owner: string")]
    [InlineData("field videoscale.v1.Room 4 epoch: uint64", "field videoscale.v1.Room 40 epoch: uint64")]
    [InlineData("value videoscale.v1.RoomStatus 2 ROOM_STATUS_ACTIVE", null)]
    public void A_change_or_removal_is_seen(string line, string? instead)
    {
        var current = Current();
        Assert.Contains(line, current);
        var changed = current.Where(l => l != line).ToList();
        if (instead is not null) changed.Add(instead);
        Assert.Equal([line], Gone(current, changed));
    }

    private static List<string> Gone(IEnumerable<string> known, IEnumerable<string> current) =>
        [.. known.Except(current, StringComparer.Ordinal)];

    private static List<string> Current()
    {
        var lines = new List<string>();
        foreach (var file in VideoScaleFiles())
        {
            foreach (var message in file.MessageTypes) Describe(message, lines);
            foreach (var type in file.EnumTypes) Describe(type, lines);
            foreach (var method in file.Services.SelectMany(s => s.Methods))
                lines.Add(
                    $"method {method.Service.FullName}/{method.Name}: "
                    + $"{(method.IsClientStreaming ? "stream " : "")}{method.InputType.FullName} -> "
                    + $"{(method.IsServerStreaming ? "stream " : "")}{method.OutputType.FullName}");
        }
        lines.Sort(StringComparer.Ordinal);
        return lines;
    }

    private static IEnumerable<FileDescriptor> VideoScaleFiles() => typeof(V1.RoomReflection).Assembly.GetTypes()
        .Where(t => t.Namespace == "VideoScale.V1" && t.Name.EndsWith("Reflection", StringComparison.Ordinal))
        .Select(t => (FileDescriptor)t.GetProperty("Descriptor")!.GetValue(null)!);

    private static void Describe(MessageDescriptor message, List<string> lines)
    {
        lines.Add($"message {message.FullName}");
        foreach (var field in message.Fields.InFieldNumberOrder())
        {
            var type = field.FieldType switch
            {
                FieldType.Message => field.MessageType.FullName,
                FieldType.Enum => field.EnumType.FullName,
                var scalar => scalar.ToString().ToLowerInvariant(),
            };
            lines.Add(
                $"field {message.FullName} {field.FieldNumber} {field.Name}: "
                + $"{(field.IsRepeated ? "repeated " : "")}{type}{(field.RealContainingOneof is { } one ? $" in {one.Name}" : "")}");
        }
        foreach (var nested in message.NestedTypes) Describe(nested, lines);
        foreach (var nested in message.EnumTypes) Describe(nested, lines);
    }

    private static void Describe(EnumDescriptor type, List<string> lines) =>
        lines.AddRange(type.Values.Select(v => $"value {type.FullName} {v.Number} {v.Name}"));
}
