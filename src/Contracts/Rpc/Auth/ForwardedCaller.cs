using Grpc.Core;

namespace VideoScale.Rpc;

/// <summary>How a replica tells the leader for whom it forwards a call: <c>role/method/subject</c>, the subject percent-encoded.</summary>
public static class ForwardedCaller
{
    public const string Header = "videoscale-caller";
    private const int MaxLength = 512;

    /// <summary>Adds the caller to what a forwarding replica sends.</summary>
    public static void Write(Metadata metadata, Caller caller) => metadata.Add(Header, Format(caller));

    public static string Format(Caller caller) => $"{caller.Role}/{caller.AuthMethod}/{Uri.EscapeDataString(caller.Subject)}";

    /// <returns>Null when the text is not what <see cref="Format"/> writes.</returns>
    public static Caller? Parse(string text, string forwardedBy)
    {
        if (text.Length > MaxLength) return null;
        var parts = text.Split('/');
        if (parts.Length != 3 || parts[2].Length == 0) return null;
        return Enum.TryParse<Role>(parts[0], out var role) && Enum.IsDefined(role) && Enum.TryParse<AuthMethod>(parts[1], out var method)
            && Enum.IsDefined(method)
            ? new Caller(Uri.UnescapeDataString(parts[2]), role, method) { ForwardedBy = forwardedBy }
            : null;
    }
}
