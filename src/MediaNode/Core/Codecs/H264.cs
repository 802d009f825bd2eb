using System.Buffers.Binary;

namespace VideoScale.MediaNode.Codecs;

/// <summary>Finds key frames in H.264 payloads (RFC 6184) and the picture size in their sequence parameter sets.</summary>
public static class H264
{
    private const int NalIdr = 5;
    private const int NalSps = 7;
    private const int NalStapA = 24;
    private const int NalFuA = 28;

    /// <summary>Whether the packet begins a picture that can be decoded alone: it carries an SPS, or the start of an IDR slice.</summary>
    /// <remarks>Browsers send SPS, PPS and IDR of a key frame under one timestamp, SPS first.</remarks>
    public static bool IsKeyFrameStart(ReadOnlySpan<byte> payload)
    {
        if (payload.Length < 1) return false;
        switch (payload[0] & 0x1F)
        {
            case NalIdr or NalSps: return true;
            case NalFuA: return payload.Length >= 2 && (payload[1] & 0x80) != 0 && (payload[1] & 0x1F) is NalIdr or NalSps;
            case NalStapA:
                var units = new AggregateReader(payload[1..]);
                while (units.Next()) if ((units.Current[0] & 0x1F) is NalIdr or NalSps) return true;
                return false;
            default: return false;
        }
    }

    /// <summary>Picture size when the packet carries a whole sequence parameter set.</summary>
    public static bool TryReadSize(ReadOnlySpan<byte> payload, out ushort width, out ushort height)
    {
        width = height = 0;
        if (payload.Length < 1) return false;
        if ((payload[0] & 0x1F) == NalSps) return H264Sps.TryReadSize(payload[1..], out width, out height);
        if ((payload[0] & 0x1F) != NalStapA) return false;
        var units = new AggregateReader(payload[1..]);
        while (units.Next())
            if ((units.Current[0] & 0x1F) == NalSps) return H264Sps.TryReadSize(units.Current[1..], out width, out height);
        return false;
    }

    private ref struct AggregateReader(ReadOnlySpan<byte> units)
    {
        private ReadOnlySpan<byte> _rest = units;
        public ReadOnlySpan<byte> Current { get; private set; }

        public bool Next()
        {
            if (_rest.Length < 3) return false;
            int size = BinaryPrimitives.ReadUInt16BigEndian(_rest);
            if (size == 0 || 2 + size > _rest.Length) return false;
            Current = _rest.Slice(2, size);
            _rest = _rest[(2 + size)..];
            return true;
        }
    }
}

/// <summary>The fields of a sequence parameter set up to the picture size (ITU-T H.264 §7.3.2.1.1).</summary>
internal ref struct H264Sps
{
    private readonly ReadOnlySpan<byte> _octets;
    private int _bit;
    private bool _failed;

    private H264Sps(ReadOnlySpan<byte> octets) { _octets = octets; _bit = 0; _failed = false; }

    public static bool TryReadSize(ReadOnlySpan<byte> sps, out ushort width, out ushort height)
    {
        width = height = 0;
        Span<byte> raw = stackalloc byte[128]; // size stands within the first few dozen octets
        var reader = new H264Sps(raw[..Unescape(sps, raw)]);
        var profile = reader.Bits(8);
        reader.Bits(16); // constraint flags, level
        reader.Golomb(); // id
        var chroma = 1;
        if (profile is 100 or 110 or 122 or 244 or 44 or 83 or 86 or 118 or 128) chroma = reader.HighProfile();
        reader.Golomb(); // log2_max_frame_num
        reader.PictureOrder();
        reader.Golomb(); // reference frames
        reader.Bits(1);
        var widthMacroblocks = reader.Golomb() + 1;
        var heightMapUnits = reader.Golomb() + 1;
        var framesOnly = reader.Bits(1) != 0;
        if (!framesOnly) reader.Bits(1);
        reader.Bits(1);
        if (widthMacroblocks > 1024 || heightMapUnits > 1024) return false;
        int cropX = 0, cropY = 0;
        if (reader.Bits(1) != 0)
        {
            cropX = (int)Math.Min(10_000, reader.Golomb() + reader.Golomb()) * (chroma is 1 or 2 ? 2 : 1);
            cropY = (int)Math.Min(10_000, reader.Golomb() + reader.Golomb()) * (chroma == 1 ? 2 : 1) * (framesOnly ? 1 : 2);
        }
        var w = (int)widthMacroblocks * 16 - cropX;
        var h = (int)heightMapUnits * 16 * (framesOnly ? 1 : 2) - cropY;
        if (reader._failed || w is <= 0 or > 16384 || h is <= 0 or > 16384) return false;
        width = (ushort)w;
        height = (ushort)h;
        return true;
    }

    private int HighProfile()
    {
        var chroma = (int)Math.Min(3, Golomb());
        if (chroma == 3) Bits(1);
        Golomb(); Golomb(); Bits(1);
        if (Bits(1) == 0) return chroma;
        for (var list = 0; list < (chroma == 3 ? 12 : 8) && !_failed; list++)
            if (Bits(1) != 0) SkipScalingList(list < 6 ? 16 : 64);
        return chroma;
    }

    private void SkipScalingList(int size)
    {
        long last = 8, next = 8;
        for (var i = 0; i < size && !_failed; i++)
        {
            if (next != 0) next = (last + SignedGolomb() + 256) & 0xFF;
            if (next != 0) last = next;
        }
    }

    private void PictureOrder()
    {
        var type = Golomb();
        if (type == 0) Golomb();
        if (type != 1) return;
        Bits(1); SignedGolomb(); SignedGolomb();
        var cycle = Golomb();
        for (long i = 0; i < cycle && i < 255 && !_failed; i++) SignedGolomb();
    }

    private static int Unescape(ReadOnlySpan<byte> from, Span<byte> to)
    {
        int written = 0, zeros = 0;
        foreach (var octet in from)
        {
            if (written == to.Length) break;
            if (zeros >= 2 && octet == 3) { zeros = 0; continue; } // emulation prevention, §7.4.1
            zeros = octet == 0 ? zeros + 1 : 0;
            to[written++] = octet;
        }
        return written;
    }

    private int Bits(int count)
    {
        var value = 0;
        for (var i = 0; i < count; i++, _bit++)
        {
            if (_bit >= 8 * _octets.Length) { _failed = true; return 0; }
            value = (value << 1) | ((_octets[_bit >> 3] >> (7 - (_bit & 7))) & 1);
        }
        return value;
    }

    private long Golomb()
    {
        var zeros = 0;
        while (!_failed && Bits(1) == 0) if (++zeros > 31) _failed = true;
        return _failed ? 0 : (1L << zeros) - 1 + (zeros == 0 ? 0 : zeros == 31 ? ((long)Bits(16) << 15) | (long)Bits(15) : Bits(zeros));
    }

    private long SignedGolomb()
    {
        var code = Golomb();
        return (code & 1) != 0 ? (code + 1) / 2 : -(code / 2);
    }
}
