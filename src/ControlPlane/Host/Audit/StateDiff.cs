using System.Text.Json;
using VideoScale.ControlPlane.State;
using VideoScale.V1;

namespace VideoScale.ControlPlane.Host.Audit;

/// <summary>
/// What differs between two states: settings, nodes, pools and rooms by name, and of each its fields as <see cref="StateView"/> has them.
/// </summary>
internal sealed class StateDiff(int limit)
{
    /// <summary>Stands for what is not there.</summary>
    private static JsonElement Absent => default;

    private readonly List<StateChange> _changes = [];

    /// <summary>At most as many as were asked for.</summary>
    internal IReadOnlyList<StateChange> Changes => _changes;

    internal bool Truncated { get; private set; }

    /// <summary>Everything: settings of the cluster, every node, every pool, every room.</summary>
    internal void Compare(ClusterState before, ClusterState after)
    {
        Compare("cluster", StateView.Cluster(before), StateView.Cluster(after));
        CompareEach("node/", before.Nodes.InOrder().Select(node => node.Record.Id.Value), after.Nodes.InOrder()
            .Select(node => node.Record.Id.Value), before, after);
        CompareEach("pool/", before.Pools.Select(pool => pool.Pool), after.Pools.Select(pool => pool.Pool), before, after);
        CompareEach("room/", before.Rooms.InOrder().Select(room => room.Record.Id.Value), after.Rooms.InOrder()
            .Select(room => room.Record.Id.Value), before, after);
    }

    /// <summary>One room or node, or what is there of it.</summary>
    internal void Compare(string scope, ClusterState before, ClusterState after) =>
        Compare(scope, StateView.Render(before, scope).Value, StateView.Render(after, scope).Value);

    private void CompareEach(string kind, IEnumerable<string> before, IEnumerable<string> after, ClusterState old, ClusterState now)
    {
        foreach (var name in before.Union(after, StringComparer.Ordinal).Order(StringComparer.Ordinal))
        {
            if (Truncated) return;
            Compare(kind + name, old, now);
        }
    }

    private void Compare(string path, string? before, string? after)
    {
        if (before == after) return;
        using var old = before is null ? null : JsonDocument.Parse(before);
        using var now = after is null ? null : JsonDocument.Parse(after);
        Compare(path, old?.RootElement ?? Absent, now?.RootElement ?? Absent);
    }

    private void Compare(string path, JsonElement before, JsonElement after)
    {
        if (Truncated) return;
        if (before.ValueKind == JsonValueKind.Undefined || after.ValueKind == JsonValueKind.Undefined) Add(path, before, after);
        else if (JsonElement.DeepEquals(before, after)) return;
        else if (before.ValueKind == JsonValueKind.Object && after.ValueKind == JsonValueKind.Object)
            CompareFields(path, Fields(before), Fields(after));
        else if (Items(before) is { } old && Items(after) is { } now) CompareFields(path, old, now);
        else Add(path, before, after);
    }

    private void CompareFields(string path, Dictionary<string, JsonElement> before, Dictionary<string, JsonElement> after)
    {
        foreach (var name in before.Keys.Union(after.Keys, StringComparer.Ordinal))
            Compare($"{path}/{name}", before.GetValueOrDefault(name, Absent), after.GetValueOrDefault(name, Absent));
    }

    private static Dictionary<string, JsonElement> Fields(JsonElement of) =>
        of.EnumerateObject().ToDictionary(field => field.Name, field => field.Value, StringComparer.Ordinal);

    /// <summary>Items of a list by what names them: their first field. Null when that names nothing, or not each of them.</summary>
    private static Dictionary<string, JsonElement>? Items(JsonElement of)
    {
        if (of.ValueKind != JsonValueKind.Array) return null;
        var items = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var item in of.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.Object) return null;
            using var fields = item.EnumerateObject();
            if (!fields.MoveNext() || fields.Current.Value.ValueKind is JsonValueKind.Object or JsonValueKind.Array) return null;
            if (!items.TryAdd(fields.Current.Value.ToString(), item)) return null;
        }
        return items;
    }

    private void Add(string path, JsonElement before, JsonElement after)
    {
        if (_changes.Count == limit)
        {
            Truncated = true;
            return;
        }
        _changes.Add(new() { Path = path, BeforeJson = Text(before), AfterJson = Text(after) });
    }

    private static string Text(JsonElement of) => of.ValueKind == JsonValueKind.Undefined ? "" : of.GetRawText();
}
