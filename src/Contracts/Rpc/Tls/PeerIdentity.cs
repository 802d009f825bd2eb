using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;

namespace VideoScale.Rpc;

/// <summary>Whom a certificate names, as the URI <c>videoscale://cluster/CLUSTER/KIND/NAME</c> in its subject alternative names.</summary>
/// <param name="Role">KIND: replica, node, viewer, operator or admin.</param>
/// <param name="Name">The member id, the node's name, or a person's.</param>
public sealed record PeerIdentity(string ClusterId, Role Role, string Name)
{
    private const string Prefix = "videoscale://cluster/";
    private const string SubjectAlternativeNameOid = "2.5.29.17";
    private static readonly Asn1Tag UriTag = new(TagClass.ContextSpecific, 6);

    public string ToUri() => $"{Prefix}{Uri.EscapeDataString(ClusterId)}/{Kind}/{Uri.EscapeDataString(Name)}";

    /// <summary>The subject of calls made with it: bare for people, with the kind for our processes.</summary>
    public string Subject => Role is Role.Replica or Role.Node ? $"{Kind}/{Name}" : Name;

    private string Kind => Role switch
    {
        Role.Replica => "replica",
        Role.Node => "node",
        Role.Viewer => "viewer",
        Role.Operator => "operator",
        Role.Admin => "admin",
        _ => throw new InvalidOperationException($"role {Role} has no certificate"),
    };

    /// <returns>Null when the text is not such a URI.</returns>
    public static PeerIdentity? Parse(string uri)
    {
        if (!uri.StartsWith(Prefix, StringComparison.Ordinal)) return null;
        var parts = uri[Prefix.Length..].Split('/');
        if (parts.Length != 3 || parts[0].Length == 0 || parts[2].Length == 0) return null;
        Role? role = parts[1] switch
        {
            "replica" => Role.Replica,
            "node" => Role.Node,
            "viewer" => Role.Viewer,
            "operator" => Role.Operator,
            "admin" => Role.Admin,
            _ => null,
        };
        return role is { } known ? new PeerIdentity(Uri.UnescapeDataString(parts[0]), known, Uri.UnescapeDataString(parts[2])) : null;
    }

    /// <returns>Null when the certificate names nobody of ours, or more than one.</returns>
    public static PeerIdentity? Of(X509Certificate2 certificate)
    {
        PeerIdentity? found = null;
        foreach (var extension in certificate.Extensions)
        {
            if (extension.Oid?.Value != SubjectAlternativeNameOid) continue;
            try
            {
                var names = new AsnReader(extension.RawData, AsnEncodingRules.DER).ReadSequence();
                while (names.HasData)
                {
                    if (names.PeekTag() != UriTag) { names.ReadEncodedValue(); continue; }
                    if (Parse(names.ReadCharacterString(UniversalTagNumber.IA5String, UriTag)) is not { } identity) continue;
                    if (found is not null) return null;
                    found = identity;
                }
            }
            catch (AsnContentException) { return null; }
        }
        return found;
    }
}
