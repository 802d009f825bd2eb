using System.Security.Cryptography;

namespace VideoScale.MediaNode.Host.Dtls;

/// <summary>A certificate's hash as SDP carries it (RFC 8122 §5): what ties the DTLS peer to the one who signalled.</summary>
public sealed record DtlsFingerprint(string Algorithm, string Value)
{
    /// <summary>Reads "sha-256 AB:CD:…"; null for a hash we do not accept, or a malformed one.</summary>
    public static DtlsFingerprint? Parse(string text)
    {
        var space = text.IndexOf(' ', StringComparison.Ordinal);
        if (space < 0) return null;
        var algorithm = text[..space].ToLowerInvariant();
        var octets = algorithm switch { "sha-256" => 32, "sha-384" => 48, "sha-512" => 64, _ => 0 };
        var value = text[(space + 1)..].Trim().ToUpperInvariant();
        if (octets == 0 || value.Length != 3 * octets - 1) return null;
        for (var i = 0; i < value.Length; i++)
            if (i % 3 == 2 ? value[i] != ':' : !char.IsAsciiHexDigitUpper(value[i])) return null;
        return new(algorithm, value);
    }

    public static DtlsFingerprint Of(ReadOnlySpan<byte> certificate, string algorithm = "sha-256")
    {
        var hash = algorithm switch
        {
            "sha-256" => SHA256.HashData(certificate),
            "sha-384" => SHA384.HashData(certificate),
            "sha-512" => SHA512.HashData(certificate),
            _ => throw new ArgumentException($"unknown hash {algorithm}", nameof(algorithm)),
        };
        return new(algorithm, string.Join(':', hash.Select(octet => octet.ToString("X2"))));
    }

    public override string ToString() => $"{Algorithm} {Value}";
}
