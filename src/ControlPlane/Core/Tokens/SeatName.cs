namespace VideoScale.ControlPlane.Tokens;

/// <summary>The name of a seat for a LiveKit identity, which may be any text. Most identities are names already and stay as they are.</summary>
public static class SeatName
{
    private const string Prefix = "_x";
    private const int DigestOctets = 24;

    /// <summary>The identity itself where it is a name, else a digest of it; two identities never share a seat, but by a collision of SHA-256.</summary>
    public static string Of(string identity)
    {
        if (NameRule.Accepts(identity) && !identity.StartsWith(Prefix, StringComparison.Ordinal)) return identity;
        var digest = System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(identity));
        return Prefix + Convert.ToHexStringLower(digest.AsSpan(0, DigestOctets));
    }
}
