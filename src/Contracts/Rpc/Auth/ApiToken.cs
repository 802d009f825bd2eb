using System.Security.Cryptography;
using System.Text;

namespace VideoScale.Rpc;

/// <summary>A token for <c>authorization: Bearer …</c>, as configured.</summary>
public sealed class ApiToken
{
    /// <summary>Fewer characters could be guessed.</summary>
    public const int MinLength = 16;
    public const int MaxLength = 512;

    /// <summary>Whose token: the actor in the event log.</summary>
    public string Subject { get; set; } = "";

    public Role Role { get; set; }

    /// <summary>The token itself; give either this or <see cref="Sha256"/>.</summary>
    public string? Token { get; set; }

    /// <summary>SHA-256 of the token's UTF-8 in hexadecimal, so that the configuration holds no secret.</summary>
    public string? Sha256 { get; set; }

    /// <returns>The hash the token is looked up by.</returns>
    /// <exception cref="RpcConfigurationException">Names what is wrong, without the token.</exception>
    internal byte[] ToHash()
    {
        if (Subject.Length is 0 or > 128) throw new RpcConfigurationException($"token of \"{Subject}\": Subject needs 1 to 128 characters");
        if (!Enum.IsDefined(Role) || Role == Role.Anonymous)
            throw new RpcConfigurationException($"token of {Subject}: Role needs to be one of Viewer, Operator, Admin, Node, Replica");
        if (Sha256 is { Length: > 0 } hex)
        {
            if (Token is { Length: > 0 }) throw new RpcConfigurationException($"token of {Subject}: give Token or Sha256, not both");
            return hex.Length == 64 && hex.All(char.IsAsciiHexDigit) ? Convert.FromHexString(hex)
                : throw new RpcConfigurationException($"token of {Subject}: Sha256 needs 64 hexadecimal digits");
        }
        if (Token is not { Length: >= MinLength and <= MaxLength } token || !token.All(c => c is > ' ' and <= '~'))
            throw new RpcConfigurationException($"token of {Subject}: Token needs {MinLength} to {MaxLength} visible ASCII characters");
        return SHA256.HashData(Encoding.ASCII.GetBytes(token));
    }
}
