namespace VideoScale.ControlPlane.State;

/// <summary>A run of an <see cref="OrdinalIndex{T}"/>: items in order of names, with the prefixes of their names side by side.</summary>
internal sealed class OrdinalBlock<T> where T : class, INamed
{
    private UInt128[] _prefixes = new UInt128[4];
    private T[] _items = new T[4];

    public int Count { get; private set; }
    public T this[int at] => _items[at];
    public UInt128 FirstPrefix => _prefixes[0];

    /// <summary>The place of the first item whose name does not come before <paramref name="name"/>.</summary>
    public int PlaceOf(UInt128 prefix, string name)
    {
        var (low, high) = (0, Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            var other = _prefixes[middle];
            if (other < prefix || (other == prefix && string.CompareOrdinal(_items[middle].Name, name) < 0)) low = middle + 1;
            else high = middle;
        }
        return low;
    }

    public void Insert(int at, UInt128 prefix, T item)
    {
        if (Count == _items.Length)
        {
            Array.Resize(ref _prefixes, 2 * Count);
            Array.Resize(ref _items, 2 * Count);
        }
        _prefixes.AsSpan(at, Count - at).CopyTo(_prefixes.AsSpan(at + 1));
        _items.AsSpan(at, Count - at).CopyTo(_items.AsSpan(at + 1));
        (_prefixes[at], _items[at]) = (prefix, item);
        Count++;
    }

    public void RemoveAt(int at)
    {
        Count--;
        _prefixes.AsSpan(at + 1, Count - at).CopyTo(_prefixes.AsSpan(at));
        _items.AsSpan(at + 1, Count - at).CopyTo(_items.AsSpan(at));
        _items[Count] = null!;
    }

    /// <summary>Keeps the first <paramref name="kept"/> and gives the others away.</summary>
    public OrdinalBlock<T> CutAt(int kept)
    {
        var rest = new OrdinalBlock<T> { _prefixes = new UInt128[_prefixes.Length], _items = new T[_items.Length], Count = Count - kept };
        _prefixes.AsSpan(kept, rest.Count).CopyTo(rest._prefixes);
        _items.AsSpan(kept, rest.Count).CopyTo(rest._items);
        _items.AsSpan(kept, rest.Count).Clear();
        Count = kept;
        return rest;
    }
}
