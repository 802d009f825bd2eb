using System.Buffers.Binary;

namespace VideoScale.MediaNode.Codecs;

/// <summary>The VP8 payload descriptor (RFC 7741 §4.2), with the offsets needed to rewrite it in place.</summary>
public struct Vp8Descriptor
{
    /// <summary>First packet of a frame: S set in partition 0.</summary>
    public bool StartOfFrame;
    public bool KeyFrame;
    /// <summary>-1 when absent.</summary>
    public int PictureId;
    /// <summary>7 or 15.</summary>
    public int PictureIdBits;
    /// <summary>-1 when absent.</summary>
    public int Tl0PictureIndex;
    /// <summary>-1 when absent.</summary>
    public int TemporalId;
    /// <summary>Depends on the base temporal layer only: a point to switch up at.</summary>
    public bool LayerSync;
    public int PictureIdOffset;
    public int Tl0Offset;
    /// <summary>Known on key frames alone, else 0.</summary>
    public ushort Width;
    public ushort Height;

    public static bool TryParse(ReadOnlySpan<byte> payload, out Vp8Descriptor descriptor)
    {
        descriptor = new Vp8Descriptor { PictureId = -1, Tl0PictureIndex = -1, TemporalId = -1 };
        if (payload.Length < 1) return false;
        var first = payload[0];
        var at = 1;
        descriptor.StartOfFrame = (first & 0x10) != 0 && (first & 0x07) == 0;
        if ((first & 0x80) != 0 && !descriptor.ParseExtension(payload, ref at)) return false;
        if (at >= payload.Length) return false;
        if (!descriptor.StartOfFrame || (payload[at] & 0x01) != 0) return true;
        descriptor.KeyFrame = true; // P bit of the frame tag clear (RFC 6386 §9.1)
        if (payload.Length >= at + 10 && payload[at + 3] == 0x9D && payload[at + 4] == 0x01 && payload[at + 5] == 0x2A)
        {
            descriptor.Width = (ushort)(BinaryPrimitives.ReadUInt16LittleEndian(payload[(at + 6)..]) & 0x3FFF);
            descriptor.Height = (ushort)(BinaryPrimitives.ReadUInt16LittleEndian(payload[(at + 8)..]) & 0x3FFF);
        }
        return true;
    }

    private bool ParseExtension(ReadOnlySpan<byte> payload, ref int at)
    {
        if (at >= payload.Length) return false;
        var flags = payload[at++];
        if ((flags & 0x80) != 0)
        {
            if (at >= payload.Length) return false;
            PictureIdOffset = at;
            if ((payload[at] & 0x80) != 0)
            {
                if (at + 2 > payload.Length) return false;
                PictureId = BinaryPrimitives.ReadUInt16BigEndian(payload[at..]) & 0x7FFF;
                PictureIdBits = 15;
                at += 2;
            }
            else
            {
                PictureId = payload[at++];
                PictureIdBits = 7;
            }
        }
        if ((flags & 0x40) != 0)
        {
            if (at >= payload.Length) return false;
            Tl0Offset = at;
            Tl0PictureIndex = payload[at++];
        }
        if ((flags & 0x30) != 0)
        {
            if (at >= payload.Length) return false;
            if ((flags & 0x20) != 0)
            {
                TemporalId = payload[at] >> 6;
                LayerSync = (payload[at] & 0x20) != 0;
            }
            at++;
        }
        return true;
    }

    /// <summary>Puts other numbers where these stood; each field keeps its size.</summary>
    public readonly void Rewrite(Span<byte> payload, int pictureId, int tl0PictureIndex)
    {
        if (PictureId >= 0)
        {
            if (PictureIdBits == 15)
                BinaryPrimitives.WriteUInt16BigEndian(payload[PictureIdOffset..], (ushort)(0x8000 | (pictureId & 0x7FFF)));
            else payload[PictureIdOffset] = (byte)(pictureId & 0x7F);
        }
        if (Tl0PictureIndex >= 0) payload[Tl0Offset] = (byte)(tl0PictureIndex & 0xFF);
    }
}
