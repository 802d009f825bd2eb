namespace VideoScale.ControlPlane.Ordinal;

/// <summary>A run of an <see cref="OrdinalIndex{T}"/>: items in order of names, with the prefixes of their names side by side.</summary>
internal sealed class OrdinalBlock<T> where T : class, INamed
{
    private UInt128[] _prefixes;
    private T[] _items;

    private OrdinalBlock(UInt128[] prefixes, T[] items, int count) => (_prefixes, _items, Count) = (prefixes, items, count);

    public OrdinalBlock() : this(new UInt128[4], new T[4], 0) { }

    /// <param name="items">In order of names; the block's own from now on.</param>
    public OrdinalBlock(T[] items) : this(new UInt128[items.Length], items, items.Length)
    {
        for (var i = 0; i < items.Length; i++) _prefixes[i] = OrdinalPrefix.Of(items[i].Name);
    }

    public int Count { get; private set; }
    public T this[int at] { get => _items[at]; set => _items[at] = value; }
    public UInt128 FirstPrefix => _prefixes[0];

    public bool BeginsAfter(UInt128 prefix, string name) =>
        FirstPrefix > prefix || (FirstPrefix == prefix && string.CompareOrdinal(_items[0].Name, name) > 0);

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

    /// <summary>Shares the items and nothing else.</summary>
    public OrdinalBlock<T> Copy() => new(_prefixes[..Count], _items[..Count], Count);

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
        var rest = new OrdinalBlock<T>(new UInt128[_prefixes.Length], new T[_items.Length], Count - kept);
        _prefixes.AsSpan(kept, rest.Count).CopyTo(rest._prefixes);
        _items.AsSpan(kept, rest.Count).CopyTo(rest._items);
        _items.AsSpan(kept, rest.Count).Clear();
        Count = kept;
        return rest;
    }
}
