using System.Globalization;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Requests;

/// <summary>Reads the time inside a UUID of version 7 (RFC 9562): 48 bits of milliseconds since 1970.</summary>
public static class UuidV7
{
    /// <returns>The time; null when the text is no UUID of version 7.</returns>
    public static LogTime? TimeOf(string text)
    {
        if (!Guid.TryParseExact(text, text.Length == 32 ? "N" : "D", out _)) return null;
        var dashed = text.Length == 36;
        if (text[dashed ? 14 : 12] != '7') return null;
        var high = text.AsSpan(0, 8);
        var low = text.AsSpan(dashed ? 9 : 8, 4);
        return new LogTime((long.Parse(high, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture) << 16)
            | long.Parse(low, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));
    }
}
