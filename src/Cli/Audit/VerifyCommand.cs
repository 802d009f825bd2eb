using System.CommandLine;
using VideoScale.Cli.CommandLine;
using VideoScale.Cli.Ctl;
using VideoScale.V1;

namespace VideoScale.Cli.Audit;

/// <summary><c>audit verify</c>: of a log, against itself and against what was kept elsewhere; of a proof, without the log.</summary>
internal static class VerifyCommand
{
    internal static Command Create()
    {
        var from = new Option<ulong>("--from") { Description = "First event; left out, the first that is held.", HelpName = "SEQ" };
        var to = new Option<ulong>("--to") { Description = "Last event; left out, the last one.", HelpName = "SEQ" };
        var proof = new Option<string?>("--proof")
        {
            Description = "A file of audit prove: checks it instead of a log, and asks nobody.",
            HelpName = "FILE",
        };
        var anchor = new Option<string?>("--anchor")
        {
            Description = "A file of audit checkpoint, kept elsewhere: the log must still hash to it. With --ca its signature is checked.",
            HelpName = "FILE",
        };
        var command = new Command("verify", "Hashes every event anew and compares chain, Merkle tree and checkpoints.") { from, to, proof,
            anchor, PostgresOptions.Url, PostgresOptions.PasswordFile };
        var ofExport = AuditSession.Bound((session, parsed, cancellationToken) =>
            parsed.GetValue(from) > 0 || parsed.GetValue(to) > 0 || parsed.GetValue(anchor) is not null
                || parsed.GetValue(proof) is not null
                ? throw new CliException(
                    $"{PostgresOptions.Flag} compares a whole database with the log: leave out --from, --to, --anchor and --proof")
                : VerifyExport.RunAsync(session, PostgresOptions.Require(parsed), cancellationToken));
        var ofLog = AuditSession.Bound((session, parsed, cancellationToken) =>
            LogAsync(session, parsed.GetValue(from), parsed.GetValue(to), parsed.GetValue(anchor) is { } path
                ? ProofCommands.Anchor(path, parsed.GetValue(CtlOptions.Authority)) : null, cancellationToken));
        command.SetAction((parsed, cancellationToken) => parsed.GetValue(PostgresOptions.Url) is not null
            ? ofExport(parsed, cancellationToken)
            : parsed.GetValue(proof) is { } path
            ? Task.FromResult(ProofCommands.VerifyProof(path, parsed.GetValue(anchor), parsed.GetValue(CtlOptions.Authority),
                parsed.GetValue(CtlOptions.Json)))
            : ofLog(parsed, cancellationToken));
        return command;
    }

    private static async Task<int> LogAsync(AuditSession session, ulong from, ulong to, SignedCheckpoint? anchor,
        CancellationToken cancellationToken)
    {
        var request = new VerifyRequest { FromSeq = from, ToSeq = to };
        var progress = new Progress("verifying", to > 0 ? to : await session.Backend.LastSeqAsync(cancellationToken));
        var reply = await session.Backend.VerifyAsync(request, progress.At, cancellationToken);
        if (reply.Ok && anchor is not null && await WhyNotAsync(session, anchor, cancellationToken) is { } wrong)
            (reply.Ok, reply.Problem, reply.FirstBadSeq) = (false, wrong, anchor.TreeSize);
        session.Write(reply, () =>
        {
            if (reply.Ok)
                Console.WriteLine(
                    $"ok: {reply.Events} events (#{reply.VerifiedFrom} to #{reply.VerifiedTo}) and "
                    + $"{reply.Checkpoints} {(reply.Checkpoints == 1 ? "checkpoint" : "checkpoints")} agree"
                    + (anchor is null ? "" : $", and the first {anchor.TreeSize} events are those of the checkpoint kept elsewhere"));
            else Console.WriteLine($"NOT SOUND at event #{reply.FirstBadSeq}: {reply.Problem}");
            Console.WriteLine(
                $"chain head  {Convert.ToHexStringLower(reply.ChainHead.Span)}\nmerkle root "
                + $"{Convert.ToHexStringLower(reply.MerkleRoot.Span)}{(reply.Ok ? "" : "   (before that event)")}");
        });
        return reply.Ok ? Exit.Ok : Exit.Refused;
    }

    /// <summary>The log was hashed whole a moment ago: that its tree begins with the kept one is shown by a few hashes.</summary>
    private static async Task<string?> WhyNotAsync(AuditSession session, SignedCheckpoint anchor, CancellationToken cancellationToken)
    {
        var last = await session.Backend.LastSeqAsync(cancellationToken);
        if (last < anchor.TreeSize)
            return $"the log ends with event {last}, before the {anchor.TreeSize} events of the checkpoint: its end is cut";
        var reply = await session.Backend.ProveAsync(new() { OlderSize = anchor.TreeSize }, cancellationToken);
        if (ControlPlane.Host.Audit.LogProofs.WhyNot(reply) is { } wrong) return wrong;
        return reply.OlderSize == anchor.TreeSize && reply.OlderRoot == anchor.MerkleRoot ? null
            : $"its first {anchor.TreeSize} events are not those of the checkpoint kept elsewhere: history was rewritten";
    }
}
