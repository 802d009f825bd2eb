using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using VideoScale.MediaNode.Host.Dtls;
using VideoScale.MediaNode.Host.Srtp;

namespace VideoScale.MediaNode.Tests.Dtls;

/// <summary>Another program's DTLS against ours, over a real socket.</summary>
public class OpenSslClientTests
{
    [Theory]
    [InlineData("SRTP_AEAD_AES_128_GCM", 56)]
    [InlineData("SRTP_AES128_CM_SHA1_80", 60)]
    public async Task The_openssl_client_agrees_on_profile_and_keys(string profile, int keyingLength)
    {
        var folder = Directory.CreateTempSubdirectory("videoscale-dtls");
        using var identity = new DtlsIdentity(TimeProvider.System);
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var fingerprint = WriteCertificate(folder.FullName);
        using var session = new DtlsSession(identity, fingerprint);
        var start = new ProcessStartInfo("openssl",
            ["s_client", "-dtls1_2", "-connect", $"127.0.0.1:{((IPEndPoint)socket.LocalEndPoint!).Port}", "-use_srtp", profile,
            "-cert", Path.Combine(folder.FullName, "cert.pem"), "-key", Path.Combine(folder.FullName, "key.pem"), "-keymatexport",
                "EXTRACTOR-dtls_srtp", "-keymatexportlen", $"{keyingLength}"])
        { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        using var client = Process.Start(start)!;
        try
        {
            var said = client.StandardOutput.ReadToEndAsync();
            _ = client.StandardError.ReadToEndAsync();
            using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            var buffer = new byte[2048];
            while (session.State is DtlsState.Handshaking)
            {
                var received = await socket.ReceiveFromAsync(buffer, SocketFlags.None, new IPEndPoint(IPAddress.Any, 0), deadline.Token);
                session.Handle(buffer.AsSpan(0, received.ReceivedBytes), d => socket.SendTo(d, SocketFlags.None, received.RemoteEndPoint));
            }
            Assert.Null(session.FailureReason);
            Assert.Equal(DtlsState.Connected, session.State);
            client.StandardInput.Close();
            await client.WaitForExitAsync(deadline.Token);
            var output = await said;
            Assert.Contains($"profile={profile}", output, StringComparison.Ordinal);
            var keying = output.Split("Keying material: ")[1].Split('\n')[0].Trim();
            var (theirs, ours) = SrtpKeys.FromExporter(session.SendKeys!.Profile, Convert.FromHexString(keying));
            Assert.Equal(theirs.RtpKey, session.ReceiveKeys!.RtpKey);
            Assert.Equal(theirs.RtcpSalt, session.ReceiveKeys.RtcpSalt);
            Assert.Equal(ours.RtpKey, session.SendKeys.RtpKey);
            Assert.Equal(ours.RtcpSalt, session.SendKeys.RtcpSalt);
        }
        finally
        {
            if (!client.HasExited) client.Kill();
            folder.Delete(recursive: true);
        }
    }

    private static DtlsFingerprint WriteCertificate(string folder)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=client", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        File.WriteAllText(Path.Combine(folder, "cert.pem"), certificate.ExportCertificatePem());
        File.WriteAllText(Path.Combine(folder, "key.pem"), key.ExportECPrivateKeyPem());
        return DtlsFingerprint.Of(certificate.RawData);
    }
}
