using VideoScale.Consensus;
using VideoScale.Consensus.Core;

namespace VideoScale.Simulation.World;

/// <summary>A message on its way, with entries of its own. Used again and again.</summary>
internal sealed class Parcel
{
    private Entry[] _entries = [];

    public Message Message { get; private set; }

    public void Fill(in Message message)
    {
        var source = message.Entries.Span;
        if (_entries.Length < source.Length) _entries = new Entry[Math.Max(16, source.Length)];
        source.CopyTo(_entries);
        Message = message with { Entries = _entries.AsMemory(0, source.Length) };
    }
}
