using System.Text;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace VideoScale.Harness.Browsers;

/// <summary>Tokens as a customer's server mints them.</summary>
public static class Tokens
{
    public static string Join(string room, string identity, Action<Dictionary<string, object>>? change = null)
    {
        var video = new Dictionary<string, object> { ["roomJoin"] = true, ["room"] = room };
        change?.Invoke(video);
        return Mint(identity, video);
    }

    /// <param name="from">When its hour begins, from now.</param>
    public static string Mint(string identity, Dictionary<string, object> video, string key = "devkey", TimeSpan from = default)
    {
        var begins = DateTime.UtcNow + from;
        var secret = Encoding.UTF8.GetBytes("secret");
        Array.Resize(ref secret, 32);
        return new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor
        {
            Issuer = key,
            Claims = new Dictionary<string, object> { ["sub"] = identity, ["name"] = identity, ["video"] = video },
            NotBefore = begins,
            Expires = begins.AddHours(1),
            SigningCredentials = new SigningCredentials(new SymmetricSecurityKey(secret), SecurityAlgorithms.HmacSha256),
        });
    }
}
