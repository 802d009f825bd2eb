using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;
using VideoScale.ControlPlane.Audit;
using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Cluster;
using VideoScale.ControlPlane.Host.EventLog;
using VideoScale.Model;
using VideoScale.V1;

namespace VideoScale.ControlPlane.Host.Audit;

/// <summary>What an event log can prove to somebody who does not have it, and how they check it.</summary>
public static class LogProofs
{
    /// <summary>Hashes up to a segment of events for each doubling of the log. Long; never on the apply thread.</summary>
    internal static Answer<GetProofReply> Prove(EventLogReader log, GetProofRequest request, CancellationToken cancellationToken)
    {
        if (request.EventSeq == 0 && request.OlderSize == 0)
            return Failure.InvalidArgument("event_seq: 0 breaks the rule: from 1, unless older_size is given");
        var size = request.TreeSize == 0 ? log.LastSeq : request.TreeSize;
        if (size > log.LastSeq) return Failure.OutOfRange($"tree_size: {size} events do not exist yet; the last one is {log.LastSeq}");
        if (request.EventSeq > size)
            return Failure.OutOfRange($"event {request.EventSeq} is not in a tree of {size} events; the last one held is {log.LastSeq}");
        if (request.OlderSize > size)
            return Failure.InvalidArgument($"older_size: {request.OlderSize} breaks the rule: at most tree_size, {size}");
        var tree = new EventTree(log, cancellationToken);
        var reply = new GetProofReply { TreeSize = size, MerkleRoot = Bytes(tree.Root(size)) };
        if (request.EventSeq > 0)
        {
            using var cursor = log.Read(request.EventSeq);
            if (!cursor.MoveNext()) throw log.OutOfRange(request.EventSeq);
            reply.Record = ByteString.CopyFrom(cursor.Record);
            reply.Event = EventMapping.ToWire(cursor.View.ToEnvelope(cursor.Chain));
            reply.Inclusion.AddRange(tree.Inclusion(request.EventSeq, size).Select(Bytes));
        }
        if (request.OlderSize == 0) return reply;
        reply.OlderSize = request.OlderSize;
        reply.OlderRoot = Bytes(tree.Root(request.OlderSize));
        reply.Consistency.AddRange(tree.Consistency(request.OlderSize, size).Select(Bytes));
        return reply;
    }

    /// <summary>The newest checkpoint that the voters agreed on.</summary>
    /// <param name="atMost">Of at most so many events; 0 for any.</param>
    internal static Answer<SignedCheckpoint> Newest(EventLogReader log, ulong atMost, X509Certificate2? certificate)
    {
        (ulong CarriedBy, Checkpoint Checkpoint)? newest = null;
        foreach (var found in CommittedCheckpoints.Of(log, log.LastSeq))
            if (atMost == 0 || found.Checkpoint.EventSeq <= atMost) newest = found;
        if (newest is not { } last)
            return Failure.NotFound(atMost == 0 ? "no checkpoint was agreed on yet" : $"no checkpoint of at most {atMost} events");
        var agreed = log.TryGet(last.CarriedBy)!.OccurredAt.UnixMs;
        return SignedCheckpoints.Sign(log.Parts[0].Header.ClusterId, last.Checkpoint, agreed, certificate);
    }

    /// <summary>Why a proof proves nothing; null when it holds by itself: whose root it is remains to be compared.</summary>
    public static string? WhyNot(GetProofReply proof)
    {
        if (!AreHashes([proof.MerkleRoot, .. proof.Inclusion, .. proof.Consistency])) return "its hashes are not of 32 bytes each";
        var root = new Hash256(proof.MerkleRoot.Span);
        if (proof.Record.IsEmpty && proof.OlderSize == 0) return "it speaks of no event and of no earlier log";
        if (proof.Record.IsEmpty && proof.Event is not null) return "it shows an event and has no record of it";
        if (!proof.Record.IsEmpty && WhyNotIncluded(proof, root) is { } wrong) return wrong;
        if (proof.OlderSize == 0) return null;
        if (!AreHashes([proof.OlderRoot])) return "the earlier root is not of 32 bytes";
        return MerkleProof.IsBeginning(proof.OlderSize, new(proof.OlderRoot.Span), proof.TreeSize, root, Hashes(proof.Consistency)) ? null
            : "the earlier log is not the beginning of the later one";
    }

    /// <summary>Why a proof of an event, which holds by itself, does not follow from a checkpoint; null when it does.</summary>
    public static string? WhyNotUnder(GetProofReply proof, SignedCheckpoint checkpoint)
    {
        if (checkpoint.TreeSize == proof.TreeSize)
            return checkpoint.MerkleRoot == proof.MerkleRoot ? null : "its root is not that of the checkpoint";
        // Of what came after the earlier log the checkpoint says nothing: anybody can go on with a tree.
        if (checkpoint.TreeSize == proof.OlderSize && checkpoint.MerkleRoot == proof.OlderRoot
            && EventView.Read(proof.Record.Span).EventSeq <= proof.OlderSize) return null;
        return $"it is about a log of {proof.TreeSize} events, the checkpoint about one of {checkpoint.TreeSize}: make the proof anew";
    }

    private static string? WhyNotIncluded(GetProofReply proof, in Hash256 root)
    {
        try
        {
            var record = EventView.Read(proof.Record.Span);
            var seq = record.EventSeq;
            if (seq == 0 || root != MerkleProof.RootOf(EventHashes.Leaf(proof.Record.Span), seq - 1, proof.TreeSize,
                Hashes(proof.Inclusion)))
                return $"the record does not hash to the root as event {seq} of {proof.TreeSize}";
            if (proof.Event is null) return null;
            var shown = EventMapping.ToWire(record.ToEnvelope(default));
            shown.ChainHash = proof.Event.ChainHash; // not in the record
            return shown.Equals(proof.Event) ? null : "the event that is shown is not what the record says";
        }
        catch (CanonicalException e) { return $"the record cannot be read: {e.Message}"; }
    }

    private static bool AreHashes(IEnumerable<ByteString> all) => all.All(each => each.Length == Hash256.SizeBytes);

    private static List<Hash256> Hashes(IEnumerable<ByteString> of) => [.. of.Select(each => new Hash256(each.Span))];

    private static ByteString Bytes(Hash256 hash) => ByteString.CopyFrom(hash.ToArray());
}
