using System.Diagnostics.CodeAnalysis;

namespace VideoScale.ControlPlane.State;

/// <summary>Something with a name that orders it.</summary>
public interface INamed
{
    string Name { get; }
}

/// <summary>Things by name: found by hash, enumerated in ordinal order, never in hash order. O(log n) plus the move of one small block.</summary>
/// <remarks>Blocks of at most <see cref="BlockSize"/>, so that insertion never moves the whole list.</remarks>
public sealed class OrdinalIndex<T> where T : class, INamed
{
    private const int BlockSize = 512;
    private readonly Dictionary<string, T> _byName = new(StringComparer.Ordinal);
    private readonly List<List<T>> _blocks = [];

    public int Count => _byName.Count;
    public bool TryGet(string name, [NotNullWhen(true)] out T? found) => _byName.TryGetValue(name, out found);
    public T? Find(string name) => _byName.GetValueOrDefault(name);
    public bool Contains(string name) => _byName.ContainsKey(name);

    /// <summary>All, in ordinal order of names. Do not change the index meanwhile.</summary>
    public IEnumerable<T> InOrder()
    {
        foreach (var block in _blocks)
            foreach (var item in block) yield return item;
    }

    /// <summary>Those whose name comes after <paramref name="name"/>, in ordinal order: for pages.</summary>
    public IEnumerable<T> After(string name)
    {
        if (_blocks.Count == 0) yield break;
        var at = BlockOf(name);
        var from = PlaceIn(_blocks[at], name);
        if (from < _blocks[at].Count && _blocks[at][from].Name == name) from++;
        for (; at < _blocks.Count; at++, from = 0)
            for (var i = from; i < _blocks[at].Count; i++) yield return _blocks[at][i];
    }

    public void Add(T item)
    {
        _byName.Add(item.Name, item);
        if (_blocks.Count == 0) _blocks.Add(new List<T>(4));
        var at = BlockOf(item.Name);
        var block = _blocks[at];
        block.Insert(PlaceIn(block, item.Name), item);
        if (block.Count <= BlockSize) return;
        // Appending in order is common: leave the lower half nearly full then.
        var cut = at == _blocks.Count - 1 ? BlockSize * 7 / 8 : BlockSize / 2;
        _blocks.Insert(at + 1, block.GetRange(cut, block.Count - cut));
        block.RemoveRange(cut, block.Count - cut);
    }

    public bool Remove(string name)
    {
        if (!_byName.Remove(name)) return false;
        var at = BlockOf(name);
        var block = _blocks[at];
        block.RemoveAt(PlaceIn(block, name));
        if (block.Count == 0) _blocks.RemoveAt(at);
        return true;
    }

    /// <summary>The last block whose first name is not after <paramref name="name"/>.</summary>
    private int BlockOf(string name)
    {
        var (low, high) = (0, _blocks.Count - 1);
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            if (string.CompareOrdinal(_blocks[middle][0].Name, name) <= 0) low = middle;
            else high = middle - 1;
        }
        return low;
    }

    private static int PlaceIn(List<T> block, string name)
    {
        var (low, high) = (0, block.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (string.CompareOrdinal(block[middle].Name, name) < 0) low = middle + 1;
            else high = middle;
        }
        return low;
    }
}
