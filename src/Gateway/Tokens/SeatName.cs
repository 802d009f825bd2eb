using VideoScale.Model;

namespace VideoScale.Gateway.Tokens;

/// <summary>
/// The name of a seat for a LiveKit identity, which may be any text. Most identities are names already and stay as they are.
/// </summary>
public static class SeatName
{
    /// <summary>
    /// The identity itself where it is a name, else a digest of it. Seats of all that begin like a digest are named so: the log has them.
    /// </summary>
    public static string Of(string identity) =>
        NameRule.Accepts(identity) && !identity.StartsWith(DerivedName.Prefix, StringComparison.Ordinal) ? identity
            : DerivedName.Of(identity);
}
