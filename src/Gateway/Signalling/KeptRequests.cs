using Google.Protobuf;
using LiveKit.Proto;

namespace VideoScale.Gateway.Signalling;

/// <summary>One request of a client.</summary>
/// <param name="Number">From 1.</param>
internal sealed record KeptRequest(ulong Number, SignalRequest.MessageOneofCase Kind, ByteString Octets)
{
    /// <summary>A description belongs to one node's connection: at another its client makes a new one.</summary>
    internal bool IsOfConnection => Kind is SignalRequest.MessageOneofCase.Offer or SignalRequest.MessageOneofCase.Answer
        or SignalRequest.MessageOneofCase.Trickle;
}

/// <summary>
/// What a client said, in order, until the node has handled it. Nodes and streams to them come and go meanwhile; what the client said
/// before it closed is delivered all the same.
/// </summary>
internal sealed class KeptRequests
{
    /// <summary>A client that says more than this while nobody handles it waits: no more of it is read.</summary>
    internal const int MaxRequests = 256, MaxBytes = 4 << 20;

    private readonly List<KeptRequest> _kept = [];
    private long _bytes;
    private ulong _last;

    /// <summary>All that was said has been handled.</summary>
    internal bool IsEmpty => _kept.Count == 0;

    internal bool IsFull => _kept.Count >= MaxRequests || _bytes >= MaxBytes;

    internal void Add(SignalRequest.MessageOneofCase kind, ByteString octets)
    {
        _kept.Add(new KeptRequest(++_last, kind, octets));
        _bytes += octets.Length;
    }

    /// <summary>The node has handled the requests up to this number.</summary>
    internal void Handled(ulong number)
    {
        var count = 0;
        while (count < _kept.Count && _kept[count].Number <= number) _bytes -= _kept[count++].Octets.Length;
        _kept.RemoveRange(0, count);
    }

    /// <summary>Those after this number, in order.</summary>
    internal IEnumerable<KeptRequest> After(ulong number)
    {
        if (_kept.Count == 0 || number >= _last) yield break;
        var first = _kept[0].Number; // numbers follow each other
        for (var i = number < first ? 0 : (int)(number - first) + 1; i < _kept.Count; i++) yield return _kept[i];
    }
}
