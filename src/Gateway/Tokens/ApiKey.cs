namespace VideoScale.Gateway.Tokens;

/// <param name="Key">Its name, which is no secret.</param>
/// <param name="Secret">What tokens are signed with.</param>
public sealed record ApiKey(string Key, string Secret);
