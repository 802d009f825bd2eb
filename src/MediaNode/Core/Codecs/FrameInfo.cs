namespace VideoScale.MediaNode.Codecs;

public enum MediaKind : byte { Audio = 1, Video = 2 }

public enum Codec : byte { Opus = 1, Vp8 = 2, H264 = 3, Vp9 = 4, Av1 = 5 }

/// <summary>What the engine needs to know of a payload, whatever the codec.</summary>
public struct FrameInfo
{
    public bool KeyFrameStart;
    public bool HasVp8;
    public Vp8Descriptor Vp8;
    /// <summary>Known on key frames alone, else 0.</summary>
    public ushort Width;
    public ushort Height;

    /// <summary>False when the payload is malformed for its codec.</summary>
    public static bool TryRead(Codec codec, ReadOnlySpan<byte> payload, out FrameInfo frame)
    {
        frame = default;
        switch (codec)
        {
            case Codec.Vp8:
                if (!Vp8Descriptor.TryParse(payload, out frame.Vp8)) return false;
                frame.HasVp8 = true;
                frame.KeyFrameStart = frame.Vp8.KeyFrame;
                frame.Width = frame.Vp8.Width;
                frame.Height = frame.Vp8.Height;
                return true;
            case Codec.H264:
                frame.KeyFrameStart = H264.IsKeyFrameStart(payload);
                if (frame.KeyFrameStart) H264.TryReadSize(payload, out frame.Width, out frame.Height);
                return payload.Length > 0;
            case Codec.Vp9: return Vp9.TryRead(payload, ref frame);
            case Codec.Av1: return Av1.TryRead(payload, ref frame);
            default:
                frame.KeyFrameStart = true;
                return payload.Length > 0;
        }
    }
}
