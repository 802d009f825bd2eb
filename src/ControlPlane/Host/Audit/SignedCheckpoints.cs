using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Google.Protobuf;
using VideoScale.ControlPlane.Audit;
using VideoScale.ControlPlane.Cluster;
using VideoScale.Rpc;
using VideoScale.V1;

namespace VideoScale.ControlPlane.Host.Audit;

/// <summary>
/// A checkpoint as text that a replica signs with the key of its certificate, so that it can be kept outside the cluster: whoever
/// rewrites the log, all of it and on every replica, cannot rewrite that.
/// </summary>
public static class SignedCheckpoints
{
    private const string FirstLine = "videoscale checkpoint 1";

    /// <param name="certificate">With its key; null leaves the text unsigned.</param>
    internal static SignedCheckpoint Sign(UInt128 clusterId, Checkpoint checkpoint, long agreedAtMs, X509Certificate2? certificate)
    {
        var signed = new SignedCheckpoint
        {
            LogIndex = checkpoint.Index,
            TreeSize = checkpoint.EventSeq,
            MerkleRoot = ByteString.CopyFrom(checkpoint.MerkleRoot.Span),
            ChainHead = ByteString.CopyFrom(checkpoint.ChainHead.Span),
            StateHash = ByteString.CopyFrom(PastStates.HashBytes(checkpoint.StateHash)),
            Voters = { checkpoint.Voters },
        };
        signed.Text = TextOf(signed, clusterId.ToString("x32", CultureInfo.InvariantCulture),
            DateTimeOffset.FromUnixTimeMilliseconds(agreedAtMs).ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture));
        if (certificate is null) return signed;
        signed.CertificatePem = certificate.ExportCertificatePem();
        signed.Signature = ByteString.CopyFrom(SignatureOf(Encoding.UTF8.GetBytes(signed.Text), certificate));
        return signed;
    }

    /// <summary>Why a checkpoint is not to be believed; null when it is what a replica of its cluster signed.</summary>
    /// <param name="authority">Who signed the replicas' certificates; null when nobody asks who made the checkpoint.</param>
    public static string? WhyNot(SignedCheckpoint signed, X509Certificate2Collection? authority)
    {
        var lines = signed.Text.Split('\n').Select(line => line.Split(' ', 2)).Where(words => words.Length == 2)
            .DistinctBy(words => words[0]).ToDictionary(words => words[0], words => words[1], StringComparer.Ordinal);
        if (!lines.TryGetValue("cluster", out var cluster) || !lines.TryGetValue("agreed_at", out var agreedAt)
            || signed.Text != TextOf(signed, cluster, agreedAt))
            return "its text does not say what its fields say";
        if (authority is null) return null;
        if (signed.Signature.IsEmpty) return "it is not signed: the replica that gave it had no certificate";
        try
        {
            using var certificate = X509Certificate2.CreateFromPem(signed.CertificatePem);
            if (!Holds(Encoding.UTF8.GetBytes(signed.Text), signed.Signature.Span, certificate)) return "its signature does not hold";
            using var chain = new X509Chain();
            chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            chain.ChainPolicy.CustomTrustStore.AddRange(authority);
            chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
            chain.ChainPolicy.VerificationFlags = X509VerificationFlags.IgnoreNotTimeValid; // it was signed long ago, perhaps
            if (!chain.Build(certificate)) return "its certificate is not signed by that authority";
            return PeerIdentity.Of(certificate) is { Role: Role.Replica } signer && SameCluster(signer.ClusterId, cluster) ? null
                : "its certificate is not that of a replica of this cluster";
        }
        catch (CryptographicException e) { return $"its certificate cannot be read: {e.Message}"; }
    }

    private static bool SameCluster(string named, string cluster) =>
        UInt128.TryParse(named, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var a)
        && UInt128.TryParse(cluster, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var b) && a == b;

    private static string TextOf(SignedCheckpoint of, string cluster, string agreedAt) => string.Create(CultureInfo.InvariantCulture,
        $"""
        {FirstLine}
        cluster {cluster}
        log_index {of.LogIndex}
        events {of.TreeSize}
        merkle_root {Convert.ToHexStringLower(of.MerkleRoot.Span)}
        chain_head {Convert.ToHexStringLower(of.ChainHead.Span)}
        state_hash {Convert.ToHexStringLower(of.StateHash.Span)}
        voters {string.Join(',', of.Voters.Select(voter => voter.ToString("x", CultureInfo.InvariantCulture)))}
        agreed_at {agreedAt}

        """);

    private static byte[] SignatureOf(byte[] text, X509Certificate2 certificate)
    {
        using (var key = certificate.GetECDsaPrivateKey())
            if (key is not null) return key.SignData(text, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
        using var rsa = certificate.GetRSAPrivateKey() ?? throw new NotSupportedException("a replica's key is of ECDSA or RSA");
        return rsa.SignData(text, HashAlgorithmName.SHA256, RSASignaturePadding.Pss);
    }

    private static bool Holds(byte[] text, ReadOnlySpan<byte> signature, X509Certificate2 certificate)
    {
        using (var key = certificate.GetECDsaPublicKey())
            if (key is not null)
                return key.VerifyData(text, signature, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
        using var rsa = certificate.GetRSAPublicKey();
        return rsa is not null && rsa.VerifyData(text, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pss);
    }
}
