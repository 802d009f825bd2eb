using System.Diagnostics.CodeAnalysis;

namespace VideoScale.ControlPlane.Ordinal;

/// <summary>Something with a name that orders it.</summary>
public interface INamed
{
    string Name { get; }
}

/// <summary>
/// Things by name: found by hash, enumerated in ordinal order, never in hash order. O(log n) plus the move of one small block.
/// </summary>
/// <remarks>
/// Blocks of at most <see cref="BlockSize"/>, so that insertion never moves the whole list; prefixes of names beside them, so that a search
/// stays in few cache lines.
/// </remarks>
public sealed class OrdinalIndex<T> where T : class, INamed
{
    private const int BlockSize = 128;
    private readonly Dictionary<string, T> _byName = new(StringComparer.Ordinal);
    private readonly List<OrdinalBlock<T>> _blocks = [];
    private readonly List<UInt128> _firsts = []; // prefix of each block's first name

    public int Count => _byName.Count;
    public bool TryGet(string name, [NotNullWhen(true)] out T? found) => _byName.TryGetValue(name, out found);
    public T? Find(string name) => _byName.GetValueOrDefault(name);
    public bool Contains(string name) => _byName.ContainsKey(name);

    /// <summary>All, in ordinal order of names. Do not change the index meanwhile.</summary>
    public IEnumerable<T> InOrder()
    {
        foreach (var block in _blocks)
            for (var i = 0; i < block.Count; i++) yield return block[i];
    }

    /// <summary>Those whose name comes after <paramref name="name"/>, in ordinal order: for pages.</summary>
    public IEnumerable<T> After(string name)
    {
        if (_blocks.Count == 0) yield break;
        var prefix = OrdinalPrefix.Of(name);
        var at = BlockOf(prefix, name);
        var from = _blocks[at].PlaceOf(prefix, name);
        if (from < _blocks[at].Count && _blocks[at][from].Name == name) from++;
        for (; at < _blocks.Count; at++, from = 0)
            for (var i = from; i < _blocks[at].Count; i++) yield return _blocks[at][i];
    }

    public void Add(T item)
    {
        var name = item.Name;
        _byName.Add(name, item);
        var prefix = OrdinalPrefix.Of(name);
        if (_blocks.Count == 0)
        {
            _blocks.Add(new());
            _firsts.Add(prefix);
        }
        var at = BlockOf(prefix, name);
        var block = _blocks[at];
        block.Insert(block.PlaceOf(prefix, name), prefix, item);
        _firsts[at] = block.FirstPrefix;
        if (block.Count <= BlockSize) return;
        // Appending in order is common: leave the lower half nearly full then.
        var rest = block.CutAt(at == _blocks.Count - 1 ? BlockSize * 7 / 8 : BlockSize / 2);
        _blocks.Insert(at + 1, rest);
        _firsts.Insert(at + 1, rest.FirstPrefix);
    }

    public bool Remove(string name)
    {
        if (!_byName.Remove(name)) return false;
        var prefix = OrdinalPrefix.Of(name);
        var at = BlockOf(prefix, name);
        var block = _blocks[at];
        block.RemoveAt(block.PlaceOf(prefix, name));
        if (block.Count > 0) _firsts[at] = block.FirstPrefix;
        else
        {
            _blocks.RemoveAt(at);
            _firsts.RemoveAt(at);
        }
        return true;
    }

    /// <summary>The last block whose first name is not after <paramref name="name"/>.</summary>
    private int BlockOf(UInt128 prefix, string name)
    {
        var (low, high) = (0, _blocks.Count - 1);
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            var first = _firsts[middle];
            if (first < prefix || (first == prefix && string.CompareOrdinal(_blocks[middle][0].Name, name) <= 0)) low = middle;
            else high = middle - 1;
        }
        return low;
    }
}
