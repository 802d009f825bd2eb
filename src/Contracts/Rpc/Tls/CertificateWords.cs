using System.Globalization;
using System.Security.Cryptography.X509Certificates;

namespace VideoScale.Rpc;

/// <summary>Says of a certificate whose it is, until when, and what is wrong with it: name, date or authority.</summary>
internal static class CertificateWords
{
    private const X509ChainStatusFlags Unknown = X509ChainStatusFlags.PartialChain | X509ChainStatusFlags.UntrustedRoot
        | X509ChainStatusFlags.NotSignatureValid;

    internal static string Date(DateTime time) =>
        time.ToUniversalTime().ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture) + " UTC";

    /// <summary>The identity inside, else the common name.</summary>
    internal static string NameOf(X509Certificate2 certificate) =>
        PeerIdentity.Of(certificate)?.Subject ?? certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false);

    internal static string Statuses(X509Chain chain) =>
        chain.ChainStatus.Length == 0 ? "no chain" : string.Join(", ", chain.ChainStatus.Select(s => s.Status).Distinct());

    internal static string Refusal(X509Certificate2 certificate, X509Chain chain, X509Certificate2Collection authorities,
        DateTimeOffset now)
    {
        var whose = $"the certificate of \"{NameOf(certificate)}\"";
        if (now > certificate.NotAfter) return $"{whose} expired on {Date(certificate.NotAfter)}";
        if (now < certificate.NotBefore) return $"{whose} is not valid before {Date(certificate.NotBefore)}: do the clocks agree?";
        if (chain.ChainElements.FirstOrDefault(element => now > element.Certificate.NotAfter) is { } ended)
            return $"{whose} is signed by \"{NameOf(ended.Certificate)}\", which expired on {Date(ended.Certificate.NotAfter)}";
        if (chain.ChainStatus.Any(status => (status.Status & Unknown) != 0))
        {
            var known = string.Join(", ", authorities.Select(authority => $"\"{NameOf(authority)}\" ({authority.Thumbprint[..8]})"));
            return $"{whose} is signed by \"{certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: true)}\", which is not, or not "
                + $"with this key, the authority here: {known}";
        }
        if (chain.ChainStatus.Any(status => status.Status == X509ChainStatusFlags.NotValidForUsage))
            return $"{whose} is not made for this use (extended key usage)";
        return $"{whose} is not accepted ({Statuses(chain)})";
    }

    internal static string OtherName(X509Certificate2 certificate, string wanted)
    {
        var names = certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>()
            .SelectMany(extension => extension.EnumerateDnsNames()
                .Concat(extension.EnumerateIPAddresses().Select(address => address.ToString())));
        return $"the certificate of \"{NameOf(certificate)}\" does not name {wanted}; it names {string.Join(", ", names)}";
    }
}
