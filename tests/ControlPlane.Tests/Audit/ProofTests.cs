using System.Security.Cryptography.X509Certificates;
using VideoScale.ControlPlane.Audit;
using VideoScale.ControlPlane.Cluster;
using VideoScale.ControlPlane.Host.Audit;
using VideoScale.ControlPlane.Host.EventLog;
using VideoScale.ControlPlane.Tests.EventLog;
using VideoScale.Harness;
using VideoScale.Rpc;
using VideoScale.V1;

namespace VideoScale.ControlPlane.Tests.Audit;

/// <summary>Proofs of RFC 6962: every one that is true holds, and none that was touched does.</summary>
public sealed class ProofTests
{
    private const int Leaves = 70;
    private static readonly Hash256[] All = [.. Enumerable.Range(0, Leaves)
        .Select(i => EventHashes.Leaf([EventHashes.LeafPrefix, (byte)i]))];

    [Fact]
    public void Every_leaf_of_every_tree_has_a_path_to_its_root_and_to_no_other()
    {
        for (var size = 1; size <= Leaves; size++)
        {
            var root = RootOf(0, size);
            for (var leaf = 0; leaf < size; leaf++)
            {
                var path = MerkleProof.Inclusion((ulong)leaf, (ulong)size, Full);
                Assert.Equal(root, MerkleProof.RootOf(All[leaf], (ulong)leaf, (ulong)size, path));
                Assert.NotEqual(root, MerkleProof.RootOf(All[(leaf + 1) % Leaves], (ulong)leaf, (ulong)size, path));
                if (size > 1) Assert.NotEqual(root, MerkleProof.RootOf(All[leaf], (ulong)(leaf + 1) % (ulong)size, (ulong)size, path));
                if (path.Count > 0) Assert.NotEqual(root, MerkleProof.RootOf(All[leaf], (ulong)leaf, (ulong)size, path[..^1]));
                Assert.Null(MerkleProof.RootOf(All[leaf], (ulong)leaf, (ulong)size, [.. path, root, root, root]));
            }
        }
    }

    [Fact]
    public void Every_tree_is_shown_to_be_the_beginning_of_every_later_one_and_of_no_changed_one()
    {
        for (var newer = 1; newer <= Leaves; newer++)
        {
            var root = RootOf(0, newer);
            for (var older = 1; older <= newer; older++)
            {
                var path = MerkleProof.Consistency((ulong)older, (ulong)newer, Full);
                var olderRoot = RootOf(0, older);
                Assert.True(MerkleProof.IsBeginning((ulong)older, olderRoot, (ulong)newer, root, path));
                Assert.False(MerkleProof.IsBeginning((ulong)older, All[0] == olderRoot ? All[1] : All[0], (ulong)newer, root, path));
                Assert.False(MerkleProof.IsBeginning((ulong)older, olderRoot, (ulong)newer, All[^1] == root ? All[0] : All[^1], path));
                for (var i = 0; i < path.Count; i++)
                {
                    var touched = path.ToList();
                    touched[i] = EventHashes.Node(path[i], path[i]);
                    Assert.False(MerkleProof.IsBeginning((ulong)older, olderRoot, (ulong)newer, root, touched));
                    touched.RemoveAt(i);
                    Assert.False(MerkleProof.IsBeginning((ulong)older, olderRoot, (ulong)newer, root, touched));
                }
            }
        }
    }

    [Fact]
    public void A_log_of_many_segments_proves_each_event_and_each_earlier_log() => Seeds.Run(3, random =>
    {
        using var directory = new TempDirectory();
        var script = new Script(random, random.Next(300, 900));
        using (var log = Logs.Open(directory.Path)) script.Feed(log); // 64 events a segment
        var reader = EventLogReader.OpenDirectory(directory.Path);
        var queries = new AuditQueries(reader, KeptFolds.None);
        var head = EventLogVerifier.Verify(reader, 0, 0, null, CancellationToken.None);
        for (var i = 0; i < 10; i++)
        {
            var size = (ulong)random.Next(1, (int)script.Count + 1);
            var seq = (ulong)random.Next(1, (int)size + 1);
            var older = (ulong)random.Next(1, (int)size + 1);
            var proof = queries.Prove(new() { EventSeq = seq, TreeSize = size, OlderSize = older }, CancellationToken.None).Value!;
            Assert.Null(LogProofs.WhyNot(proof));
            Assert.Equal(EventLogVerifier.Verify(reader, 0, size, null, CancellationToken.None).MerkleRoot,
                new Hash256(proof.MerkleRoot.Span));
            Assert.Equal(EventLogVerifier.Verify(reader, 0, older, null, CancellationToken.None).MerkleRoot,
                new Hash256(proof.OlderRoot.Span));
            Assert.Equal(seq, proof.Event.EventSeq);
            Touched(proof, random);
            Under(proof, older, seq);
        }
        var whole = queries.Prove(new() { EventSeq = 1 }, CancellationToken.None).Value!;
        Assert.Equal((head.MerkleRoot, script.Count), (new Hash256(whole.MerkleRoot.Span), whole.TreeSize));
        var first = whole.Record.ToByteArray();
        first[2] ^= 1; // behind leaf prefix and version: event 1 becomes event 0
        whole.Record = Google.Protobuf.ByteString.CopyFrom(first);
        Assert.Contains("does not hash to the root as event 0", LogProofs.WhyNot(whole), StringComparison.Ordinal);
    });

    [Fact]
    public void A_signed_checkpoint_is_believed_as_it_was_and_only_from_a_replica_of_its_cluster()
    {
        using var directory = new TempDirectory();
        DevelopmentCertificates.CreateAuthority(directory.Of("ca"), "c1");
        using var replica = DevelopmentCertificates.Issue(directory.Of("ca"), "replica", new("c1", Role.Replica, "1"), ["127.0.0.1"])
            .Load();
        using var node = DevelopmentCertificates.Issue(directory.Of("ca"), "node", new("c1", Role.Node, "n"), ["127.0.0.1"]).Load();
        using var stranger = DevelopmentCertificates.Issue(directory.Of("ca"), "other", new("c2", Role.Replica, "1"), ["127.0.0.1"]).Load();
        var authority = new X509Certificate2Collection();
        authority.ImportFromPemFile(Path.Combine(directory.Of("ca"), "ca.pem"));
        var checkpoint = new Checkpoint(12, 34, 56, new byte[32], All[0].ToArray(), [1, 2]);

        var signed = SignedCheckpoints.Sign(0xC1, checkpoint, 1_000, replica.Certificate);
        Assert.Null(SignedCheckpoints.WhyNot(signed, authority));
        var other = signed.Clone();
        other.TreeSize++;
        Assert.Contains("does not say", SignedCheckpoints.WhyNot(other, authority), StringComparison.Ordinal);
        other.Text = other.Text.Replace("events 34", "events 35", StringComparison.Ordinal);
        Assert.Contains("signature does not hold", SignedCheckpoints.WhyNot(other, authority), StringComparison.Ordinal);
        Assert.Contains("not that of a replica", SignedCheckpoints.WhyNot(SignedCheckpoints.Sign(0xC1, checkpoint, 1, node.Certificate),
            authority), StringComparison.Ordinal);
        Assert.Contains("not that of a replica", SignedCheckpoints.WhyNot(SignedCheckpoints.Sign(0xC1, checkpoint, 1,
            stranger.Certificate), authority), StringComparison.Ordinal);
        foreach (var (line, lines) in ((string, string)[])[("cluster ", "cluster 2\ncluster "), ("\nvoters", "\n\nvoters"),
            ("agreed_at ", "events 99\nagreed_at "), ("checkpoint 1\n", "checkpoint 1 \n")])
        {
            var longer = signed.Clone();
            longer.Text = longer.Text.Replace(line, lines, StringComparison.Ordinal);
            Assert.Contains("does not say", SignedCheckpoints.WhyNot(longer, null), StringComparison.Ordinal);
            longer.Text = signed.Text + lines;
            Assert.Contains("does not say", SignedCheckpoints.WhyNot(longer, null), StringComparison.Ordinal);
        }
        var unsigned = SignedCheckpoints.Sign(0xC1, checkpoint, 1, null);
        Assert.Contains("not signed", SignedCheckpoints.WhyNot(unsigned, authority), StringComparison.Ordinal);
        Assert.Null(SignedCheckpoints.WhyNot(unsigned, null));
        DevelopmentCertificates.CreateAuthority(directory.Of("other"), "c1");
        var anotherAuthority = new X509Certificate2Collection();
        anotherAuthority.ImportFromPemFile(Path.Combine(directory.Of("other"), "ca.pem"));
        Assert.Contains("not signed by that authority", SignedCheckpoints.WhyNot(signed, anotherAuthority), StringComparison.Ordinal);
    }

    private static void Touched(GetProofReply proof, Random random)
    {
        var touched = proof.Clone();
        var record = touched.Record.ToByteArray();
        record[random.Next(1, record.Length)] ^= 1;
        touched.Record = Google.Protobuf.ByteString.CopyFrom(record);
        Assert.NotNull(LogProofs.WhyNot(touched));
        touched = proof.Clone();
        touched.Event.Type += "x";
        Assert.NotNull(LogProofs.WhyNot(touched));
        touched = proof.Clone();
        touched.MerkleRoot = Google.Protobuf.ByteString.CopyFrom(new byte[31]);
        Assert.NotNull(LogProofs.WhyNot(touched));
        touched = proof.Clone();
        (touched.Record, touched.Event.Type) = (Google.Protobuf.ByteString.Empty, "x"); // a true continuation, and any event beside it
        Assert.Contains("no record of it", LogProofs.WhyNot(touched), StringComparison.Ordinal);
    }

    /// <summary>A checkpoint vouches for the events it is about, and for none that came later.</summary>
    private static void Under(GetProofReply proof, ulong older, ulong seq)
    {
        Assert.Null(LogProofs.WhyNotUnder(proof, new() { TreeSize = proof.TreeSize, MerkleRoot = proof.MerkleRoot }));
        Assert.NotNull(LogProofs.WhyNotUnder(proof, new() { TreeSize = proof.TreeSize + 1, MerkleRoot = proof.MerkleRoot }));
        if (older == proof.TreeSize) return;
        Assert.Equal(seq <= older, LogProofs.WhyNotUnder(proof, new() { TreeSize = older, MerkleRoot = proof.OlderRoot }) is null);
        Assert.NotNull(LogProofs.WhyNotUnder(proof, new() { TreeSize = proof.TreeSize, MerkleRoot = proof.OlderRoot }));
    }

    private static Hash256 Full(ulong start, int height) => RootOf((int)start, (int)start + (1 << height));

    private static Hash256 RootOf(int from, int to)
    {
        var edge = new MerkleFrontier();
        for (var i = from; i < to; i++) edge.Append(All[i]);
        return edge.Root();
    }
}
