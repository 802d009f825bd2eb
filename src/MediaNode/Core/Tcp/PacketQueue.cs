using System.Buffers.Binary;

namespace VideoScale.MediaNode.Tcp;

/// <summary>
/// What waits to be written to one stream: packets behind their lengths (RFC 4571 §2), in order, bounded in time and memory.
/// </summary>
/// <remarks>
/// A stream delivers everything, however late, so a receiver slower than its media would fall behind without end. Whoever sends asks first:
/// a picture that begins while more waits than leaves in <see cref="PatienceUs"/> is dropped whole, and so are packets of data channels.
/// Sound, reports, checks and handshakes are small and always wait; when even they fill the memory, nobody reads, and the connection has to
/// end.
/// </remarks>
public sealed class PacketQueue(QueueDrops drops)
{
    /// <summary>What has waited longer makes pictures be dropped: above the jitter of a path, below what a talk suffers from.</summary>
    public const long PatienceUs = 200_000;
    /// <summary>And more octets than this: a fifth of a second at 20 Mbit/s.</summary>
    public const int MostMediaOctets = 512 << 10;
    /// <summary>Of all kinds together.</summary>
    public const int MostOctets = 1 << 20;
    /// <summary>What has waited so long will not be read: clients give a path up sooner.</summary>
    public const long StallUs = 10_000_000;

    /// <summary>Over which it is measured how fast a stream that does not keep up takes what it is sent.</summary>
    private const long RateUs = 100_000;
    private const int LeastUnsent = 8 << 10, UsualUnsent = 64 << 10;
    /// <summary>Three of the shard's ticks.</summary>
    private const long UnsentUs = 30_000;
    private const int FirstOctets = 16 << 10;
    private const int KeptOctets = 64 << 10;
    private const int MostStreams = 256;
    /// <summary>Times are kept in steps of this, so that their number is bounded too.</summary>
    private const long StepUs = 5_000;
    /// <summary>A timestamp that went back further, ten seconds of video's clock, begins anew.</summary>
    private const int LongestStep = 900_000;

    private readonly Dictionary<uint, (uint Timestamp, bool IsTaken)> _pictures = [];
    private readonly Queue<(long End, long SinceUs)> _times = new();
    private byte[] _ring = [];
    private int _head;
    private long _written;
    private long _busySinceUs;
    private long _busySent;
    private double _octetsPerUs;
    private long _lastTimeUs;

    /// <summary>Octets that wait, lengths among them.</summary>
    public int Octets { get; private set; }
    /// <summary>
    /// How much may lie unsent where nothing can be dropped any more, in the kernel: little, and as much as a fast stream sends until it is
    /// looked at again.
    /// </summary>
    public int MostUnsent => _octetsPerUs > 0 ? Math.Max(LeastUnsent, (int)(_octetsPerUs * UnsentUs)) : UsualUnsent;

    /// <summary>Something did not fit: the connection has to end.</summary>
    public bool IsOverfull { get; private set; }

    /// <summary>How long the oldest octet has waited.</summary>
    public long AgeUs(long nowUs) => _times.TryPeek(out var oldest) ? nowUs - oldest.SinceUs : 0;

    /// <summary>Nobody reads, or far too slowly.</summary>
    public bool IsStuck(long nowUs) => IsOverfull || AgeUs(nowUs) >= StallUs;

    /// <summary>Whether a packet of video is to be queued: with its picture or not at all.</summary>
    /// <param name="packet">RTP, from its fixed header on.</param>
    public bool TakesPicture(ReadOnlySpan<byte> packet, long nowUs)
    {
        var (timestamp, ssrc) = (BinaryPrimitives.ReadUInt32BigEndian(packet[4..]), BinaryPrimitives.ReadUInt32BigEndian(packet[8..]));
        var isKnown = _pictures.TryGetValue(ssrc, out var last);
        var step = unchecked((int)(timestamp - last.Timestamp));
        var isLate = isKnown && step is < 0 and > -LongestStep; // of an older picture: nothing hangs on it any more
        var isSame = isKnown && step == 0;
        var takes = isSame ? last.IsTaken && HasRoom(packet.Length) : !IsBehind(nowUs) && HasRoom(packet.Length);
        if (!takes) Drop(packet.Length, isPicture: !isSame || last.IsTaken);
        if (isLate || (isSame && takes == last.IsTaken)) return takes;
        if (!isKnown && _pictures.Count == MostStreams) _pictures.Clear();
        _pictures[ssrc] = (timestamp, takes);
        return takes;
    }

    /// <summary>Whether a packet of video is to be sent again now; it will be asked for once more.</summary>
    public bool TakesRepair(int octets, long nowUs)
    {
        if (!IsBehind(nowUs) && HasRoom(octets)) return true;
        drops.Repairs++;
        drops.Octets += octets;
        return false;
    }

    /// <summary>Whether a packet of data channels is to be queued.</summary>
    public bool TakesData(int octets, long nowUs)
    {
        if (!IsBehind(nowUs) && HasRoom(octets)) return true;
        drops.DataPackets++;
        drops.Octets += octets;
        return false;
    }

    /// <summary>Queues a packet behind its length.</summary>
    public void Add(ReadOnlySpan<byte> packet, long nowUs)
    {
        var octets = FrameReader.HeaderOctets + packet.Length;
        if (IsOverfull || Octets + octets > MostOctets)
        {
            IsOverfull = true;
            return;
        }
        if (Octets == 0) (_busySinceUs, _busySent) = (nowUs, 0);
        Grow(Octets + octets);
        Span<byte> length = stackalloc byte[FrameReader.HeaderOctets];
        BinaryPrimitives.WriteUInt16BigEndian(length, checked((ushort)packet.Length));
        Write(length);
        Write(packet);
        if (_times.Count > 0 && nowUs - _lastTimeUs < StepUs) return;
        _times.Enqueue((_written, nowUs));
        _lastTimeUs = nowUs;
    }

    /// <summary>The oldest octets that lie together; they stay where they are until they are sent.</summary>
    public Memory<byte> Next => _ring.AsMemory(_head, Math.Min(Octets, _ring.Length - _head));

    /// <summary>So many of <see cref="Next"/> are on their way.</summary>
    public void Sent(int octets)
    {
        Octets -= octets;
        _busySent += octets;
        _head = (_head + octets) % Math.Max(1, _ring.Length);
        while (_times.Count > 1 && _times.Peek().End <= _written - Octets) _times.Dequeue();
        if (Octets > 0) return;
        _octetsPerUs = 0; // it takes what comes
        _times.Clear();
        _head = 0;
        if (_ring.Length > KeptOctets) _ring = [];
    }

    /// <summary>By what has waited already, or by how fast it leaves.</summary>
    private bool IsBehind(long nowUs)
    {
        if (Octets > MostMediaOctets || AgeUs(nowUs) > PatienceUs) return true;
        var sinceUs = nowUs - _busySinceUs;
        if (Octets > 0 && sinceUs >= RateUs)
        {
            _octetsPerUs = _busySent / (double)sinceUs;
            (_busySinceUs, _busySent) = (nowUs, 0);
        }
        return _octetsPerUs > 0 && Octets > _octetsPerUs * PatienceUs;
    }

    /// <summary>What is left is for what cannot be dropped.</summary>
    private bool HasRoom(int octets) => Octets + octets <= MostOctets - KeptOctets;

    private void Drop(int octets, bool isPicture)
    {
        if (isPicture) drops.Pictures++;
        drops.PicturePackets++;
        drops.Octets += octets;
    }

    private void Write(ReadOnlySpan<byte> octets)
    {
        var at = (_head + Octets) % _ring.Length;
        var first = Math.Min(octets.Length, _ring.Length - at);
        octets[..first].CopyTo(_ring.AsSpan(at));
        octets[first..].CopyTo(_ring);
        Octets += octets.Length;
        _written += octets.Length;
    }

    /// <summary>Into another ring: what a send that goes on reads from the old one stays as it is.</summary>
    private void Grow(int octets)
    {
        if (octets <= _ring.Length) return;
        var length = Math.Max(FirstOctets, _ring.Length);
        while (length < octets) length *= 2;
        var ring = new byte[length];
        var first = Next.Span;
        first.CopyTo(ring);
        _ring.AsSpan(0, Octets - first.Length).CopyTo(ring.AsSpan(first.Length));
        (_ring, _head) = (ring, 0);
    }
}
