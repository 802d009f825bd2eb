using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;
using VideoScale.Cli.CommandLine;
using VideoScale.Cli.Ctl;
using VideoScale.ControlPlane.Host.Audit;
using VideoScale.V1;

namespace VideoScale.Cli.Audit;

/// <summary>
/// <c>audit checkpoint</c>, <c>audit prove</c>, and the checks of what they made, for somebody who does not have the log.
/// </summary>
internal static class ProofCommands
{
    private static readonly JsonFormatter Formatter = new(JsonFormatter.Settings.Default.WithPreserveProtoFieldNames(true)
        .WithIndentation());
    private static readonly JsonParser Parser = new(JsonParser.Settings.Default);

    internal static Command Checkpoint()
    {
        var output = new Option<string?>("--out") { Description = "Write it to this file.", HelpName = "FILE" };
        var command = new Command("checkpoint",
            "The newest checkpoint of the voters, signed by the replica that answers: to be kept where nobody of the cluster can write.")
        { output };
        AuditSession.Bind(command, async (session, parsed, cancellationToken) =>
        {
            var signed = await session.Backend.CheckpointAsync(new(), cancellationToken);
            if (parsed.GetValue(output) is { } path) Save(path, signed);
            session.Write(signed, () =>
            {
                Console.Write(signed.Text);
                Console.WriteLine(signed.Signature.IsEmpty ? "NOT SIGNED: the replica has no certificate"
                    : $"signed by {SignerOf(signed)}");
            });
            return Exit.Ok;
        });
        return command;
    }

    internal static Command Prove()
    {
        var subject = new Argument<string>("#event") { Description = "# and an event's number (quote it: '#42')." };
        var output = new Option<string?>("--out") { Description = "Write the proof to this file.", HelpName = "FILE" };
        var command = new Command("prove",
            "Proves that an event is in the log, to somebody who has nothing but a checkpoint: see verify --proof.")
        { subject, output };
        AuditSession.Bind(command, async (session, parsed, cancellationToken) =>
        {
            var text = parsed.GetValue(subject)!;
            if (!ulong.TryParse(text.AsSpan(text.StartsWith('#') ? 1 : 0), NumberStyles.None, CultureInfo.InvariantCulture, out var seq)
                || seq == 0)
                throw new CliException($"\"{text}\" is no event's number: '#42'");
            var checkpoint = await NewestAsync(session, cancellationToken);
            var covered = checkpoint is not null && checkpoint.TreeSize >= seq;
            if (!covered && await session.Backend.LastSeqAsync(cancellationToken) >= seq)
                await Console.Error.WriteLineAsync(
                    $"note: event {seq} is newer than the last checkpoint; it is proved against the log as it is now, whose root nobody "
                        + $"has "
                    + $"agreed on yet");
            var request = new GetProofRequest { EventSeq = seq, TreeSize = covered ? checkpoint!.TreeSize : 0 };
            var proof = new EventProof { Proof = await session.Backend.ProveAsync(request, cancellationToken) };
            if (covered) proof.Checkpoint = checkpoint;
            if (parsed.GetValue(output) is { } path) Save(path, proof);
            session.Write(proof, () =>
            {
                Console.WriteLine(EventLine.Of(proof.Proof.Event));
                Console.WriteLine($"is event {seq} of {proof.Proof.TreeSize}, by {proof.Proof.Inclusion.Count} hashes, under merkle root "
                    + Convert.ToHexStringLower(proof.Proof.MerkleRoot.Span));
            });
            return Exit.Ok;
        });
        return command;
    }

    /// <summary>Reads a proof and, when given, the checkpoint kept elsewhere; asks nobody.</summary>
    internal static int VerifyProof(string proofPath, string? anchorPath, string? authorityPath, bool json)
    {
        var proof = Read<EventProof>(proofPath);
        var anchor = anchorPath is null ? proof.Checkpoint : ReadAnchor(anchorPath);
        var problem = proof.Proof is null or { Record.IsEmpty: true } ? "it holds no proof of an event" : LogProofs.WhyNot(proof.Proof);
        problem ??= anchor is null ? null : WhyNotUnder(anchor, proof.Proof!, authorityPath);
        var rests = anchor is null ? "on the root that the proof itself names: give --anchor"
            : authorityPath is null ? "on a checkpoint whose signature was not looked at: give --ca" : $"on what {SignerOf(anchor)} signed";
        if (json)
        {
            Console.WriteLine(System.Text.Json.JsonSerializer.Serialize(new
            {
                ok = problem is null,
                event_seq = proof.Proof?.Event?.EventSeq ?? 0,
                tree_size = proof.Proof?.TreeSize ?? 0,
                merkle_root = proof.Proof is null ? "" : Convert.ToHexStringLower(proof.Proof.MerkleRoot.Span),
                rests_on = rests,
                problem = problem ?? "",
            }));
        }
        else if (problem is not null) Console.WriteLine($"NOT PROVED: {problem}");
        else
        {
            if (proof.Proof!.Event is { } shown) Console.WriteLine(EventLine.Of(shown));
            Console.WriteLine($"ok: it is in the log of {proof.Proof.TreeSize} events with merkle root "
                + $"{Convert.ToHexStringLower(proof.Proof.MerkleRoot.Span)}\nthis rests {rests}");
        }
        return problem is null ? Exit.Ok : Exit.Refused;
    }

    /// <summary>A checkpoint that was kept elsewhere, once it is believed.</summary>
    internal static SignedCheckpoint Anchor(string path, string? authorityPath)
    {
        var anchor = ReadAnchor(path);
        return SignedCheckpoints.WhyNot(anchor, AuthorityOf(authorityPath)) is { } wrong
            ? throw new CliException($"--anchor: {path} is not to be believed: {wrong}") { ExitCode = Exit.Refused } : anchor;
    }

    private static string? WhyNotUnder(SignedCheckpoint anchor, GetProofReply proof, string? authorityPath)
    {
        if (SignedCheckpoints.WhyNot(anchor, AuthorityOf(authorityPath)) is { } wrong)
            return $"the checkpoint is not to be believed: {wrong}";
        return LogProofs.WhyNotUnder(proof, anchor);
    }

    private static async Task<SignedCheckpoint?> NewestAsync(AuditSession session, CancellationToken cancellationToken)
    {
        try { return await session.Backend.CheckpointAsync(new(), cancellationToken); }
        catch (Grpc.Core.RpcException e) when (e.StatusCode == Grpc.Core.StatusCode.NotFound) { return null; }
        catch (CliException e) when (e.ExitCode == Exit.Refused) { return null; }
    }

    private static string SignerOf(SignedCheckpoint signed)
    {
        try
        {
            using var certificate = X509Certificate2.CreateFromPem(signed.CertificatePem);
            return Rpc.PeerIdentity.Of(certificate)?.ToUri() ?? certificate.Subject;
        }
        catch (CryptographicException) { return "nobody"; }
    }

    private static X509Certificate2Collection? AuthorityOf(string? path)
    {
        if (path is null) return null;
        var found = new X509Certificate2Collection();
        try { found.ImportFromPemFile(path); }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new CliException($"--ca: {path} cannot be read: {e.Message}");
        }
        return found.Count > 0 ? found : throw new CliException($"--ca: {path} holds no certificate");
    }

    /// <summary>A checkpoint's own file, or a proof that carries one.</summary>
    private static SignedCheckpoint ReadAnchor(string path)
    {
        var text = ReadText(path);
        if (TryParse<SignedCheckpoint>(text) is { Text.Length: > 0 } alone) return alone;
        return TryParse<EventProof>(text)?.Checkpoint ?? throw new CliException($"{path} holds no checkpoint: see audit checkpoint --out");
    }

    private static T Read<T>(string path) where T : class, IMessage<T>, new() =>
        TryParse<T>(ReadText(path)) ?? throw new CliException($"{path} is not what audit wrote: no such JSON");

    private static T? TryParse<T>(string text) where T : class, IMessage<T>, new()
    {
        try { return Parser.Parse<T>(text); }
        catch (Exception e) when (e is InvalidProtocolBufferException or InvalidJsonException) { return null; }
    }

    private static string ReadText(string path)
    {
        try { return File.ReadAllText(path); }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException($"{path} cannot be read: {e.Message}");
        }
    }

    private static void Save(string path, IMessage message)
    {
        try { File.WriteAllText(path, Formatter.Format(message) + "\n"); }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException($"--out: {path} cannot be written: {e.Message}");
        }
    }
}
