namespace VideoScale.MediaNode.Codecs;

/// <summary>Finds key frames in VP9 payloads (RFC 9628 §4.2). All spatial layers of a stream are forwarded together.</summary>
public static class Vp9
{
    private const int Extended = 0x80, InterPicture = 0x40, Layers = 0x20, Flexible = 0x10, Begins = 0x08, Structure = 0x02;

    /// <summary>False when the payload is malformed.</summary>
    public static bool TryRead(ReadOnlySpan<byte> payload, ref FrameInfo frame)
    {
        if (payload.Length < 2) return false;
        var flags = payload[0];
        var at = 1;
        if ((flags & Extended) != 0) at += (payload[1] & 0x80) != 0 ? 2 : 1;
        var spatial = 0;
        if ((flags & Layers) != 0)
        {
            if (at >= payload.Length) return false;
            spatial = payload[at++] >> 1 & 0x07;
            if ((flags & Flexible) == 0) at++; // TL0PICIDX
        }
        if (at >= payload.Length) return false;
        frame.KeyFrameStart = (flags & InterPicture) == 0 && (flags & Begins) != 0 && spatial == 0;
        if (frame.KeyFrameStart && (flags & Structure) != 0) ReadSize(payload[at..], ref frame);
        return true;
    }

    /// <summary>The largest layer of the scalability structure; it stands first on key frames, behind no reference indices.</summary>
    private static void ReadSize(ReadOnlySpan<byte> structure, ref FrameInfo frame)
    {
        var layers = (structure[0] >> 5) + 1;
        var largest = 1 + 4 * (layers - 1);
        if ((structure[0] & 0x10) == 0 || structure.Length < largest + 4) return;
        frame.Width = System.Buffers.Binary.BinaryPrimitives.ReadUInt16BigEndian(structure[largest..]);
        frame.Height = System.Buffers.Binary.BinaryPrimitives.ReadUInt16BigEndian(structure[(largest + 2)..]);
    }
}

/// <summary>Finds key frames in AV1 payloads (RTP payload format for AV1, §4.4).</summary>
public static class Av1
{
    private const int Continues = 0x80, NewSequence = 0x08;

    /// <summary>The aggregation header says that a coded video sequence begins.</summary>
    public static bool TryRead(ReadOnlySpan<byte> payload, ref FrameInfo frame)
    {
        if (payload.Length < 2 || (payload[0] & (Continues | NewSequence)) == (Continues | NewSequence)) return false; // both is forbidden
        frame.KeyFrameStart = (payload[0] & NewSequence) != 0;
        return true;
    }
}
