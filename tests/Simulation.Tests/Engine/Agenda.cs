namespace VideoScale.Simulation.Engine;

/// <summary>What is due, by time, then by order of planning. A heap of small keys; what they stand for lies still beside it.</summary>
internal sealed class Agenda
{
    private Key[] _heap = new Key[256];
    private Due[] _items = new Due[256];
    private int[] _free = new int[256];
    private int _freeCount;
    private int _used;
    private long _order;

    private readonly record struct Key(long AtUs, long Order, int Item);

    public int Count { get; private set; }

    public long NextAtUs => Count == 0 ? long.MaxValue : _heap[0].AtUs;

    public void Add(long atUs, in Due due)
    {
        if (Count == _heap.Length) Array.Resize(ref _heap, 2 * Count);
        int item;
        if (_freeCount > 0) item = _free[--_freeCount];
        else
        {
            if (_used == _items.Length)
            {
                Array.Resize(ref _items, 2 * _used);
                Array.Resize(ref _free, 2 * _used);
            }
            item = _used++;
        }
        _items[item] = due;
        Rise(Count++, new Key(atUs, _order++, item));
    }

    public long Take(out Due due)
    {
        var first = _heap[0];
        due = _items[first.Item];
        _items[first.Item] = default;
        _free[_freeCount++] = first.Item;
        var last = _heap[--Count];
        if (Count > 0) Sink(last);
        return first.AtUs;
    }

    private static bool IsBefore(in Key a, in Key b) => a.AtUs < b.AtUs || (a.AtUs == b.AtUs && a.Order < b.Order);

    private void Rise(int at, in Key key)
    {
        while (at > 0)
        {
            var parent = (at - 1) >> 2;
            if (!IsBefore(key, _heap[parent])) break;
            _heap[at] = _heap[parent];
            at = parent;
        }
        _heap[at] = key;
    }

    private void Sink(in Key key)
    {
        var at = 0;
        while (true)
        {
            var child = 4 * at + 1;
            if (child >= Count) break;
            var least = child;
            var end = Math.Min(child + 4, Count);
            for (var other = child + 1; other < end; other++)
                if (IsBefore(_heap[other], _heap[least])) least = other;
            if (!IsBefore(_heap[least], key)) break;
            _heap[at] = _heap[least];
            at = least;
        }
        _heap[at] = key;
    }
}
