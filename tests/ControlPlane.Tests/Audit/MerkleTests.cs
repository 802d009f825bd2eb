using System.Security.Cryptography;
using VideoScale.ControlPlane.Audit;
using VideoScale.ControlPlane.Canonical;
using VideoScale.Harness;

namespace VideoScale.ControlPlane.Tests.Audit;

public sealed class MerkleTests
{
    /// <summary>Roots over the first n of these leaves, from the reference tests of Certificate Transparency (RFC 6962).</summary>
    private static readonly string[] Leaves = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657",
        "606162636465666768696a6b6c6d6e6f"];
    private static readonly string[] Roots =
    [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    [Fact]
    public void Roots_are_those_of_rfc_6962()
    {
        var frontier = new MerkleFrontier();
        Assert.Equal(Roots[0], frontier.Root().ToString());
        for (var i = 0; i < Leaves.Length; i++)
        {
            frontier.Append(EventHashes.Leaf([EventHashes.LeafPrefix, .. Convert.FromHexString(Leaves[i])]));
            Assert.Equal(Roots[i + 1], frontier.Root().ToString());
        }
    }

    [Fact]
    public void A_frontier_has_the_root_of_the_whole_tree_at_every_size() => Seeds.Run(20, random =>
    {
        var frontier = new MerkleFrontier();
        var leaves = new List<Hash256>();
        for (var n = random.Next(1, 200); n > 0; n--)
        {
            var leaf = EventHashes.Leaf([EventHashes.LeafPrefix, (byte)random.Next(256), (byte)random.Next(256)]);
            leaves.Add(leaf);
            frontier.Append(leaf);
            Assert.Equal(Naive(leaves, 0, leaves.Count), frontier.Root());
            if (random.Next(10) == 0) frontier = ThroughBytes(frontier);
        }
    });

    [Fact]
    public void A_copied_frontier_goes_its_own_way()
    {
        var frontier = new MerkleFrontier();
        for (var i = 0; i < 11; i++) frontier.Append(EventHashes.Leaf([0, (byte)i]));
        var copy = frontier.Clone();
        Assert.True(copy.SameAs(frontier));
        var before = copy.Root();
        frontier.Append(EventHashes.Leaf([0, 99]));
        Assert.Equal(before, copy.Root());
        Assert.False(copy.SameAs(frontier));
    }

    [Fact]
    public void A_leaf_never_passes_for_a_node()
    {
        var (left, right) = (EventHashes.Leaf([0, 1]), EventHashes.Leaf([0, 2]));
        Assert.NotEqual(EventHashes.Leaf([EventHashes.LeafPrefix, .. left.ToArray(), .. right.ToArray()]), EventHashes.Node(left, right));
        Assert.Equal(SHA256.HashData([1, .. left.ToArray(), .. right.ToArray()]), EventHashes.Node(left, right).ToArray());
    }

    private static MerkleFrontier ThroughBytes(MerkleFrontier frontier)
    {
        using var writer = new CanonicalWriter();
        frontier.WriteTo(writer);
        var reader = new CanonicalReader(writer.WrittenSpan);
        var back = MerkleFrontier.Read(ref reader);
        reader.End();
        Assert.True(back.SameAs(frontier));
        return back;
    }

    /// <summary>MTH of RFC 6962, section 2.1, word for word.</summary>
    private static Hash256 Naive(List<Hash256> leaves, int from, int count)
    {
        if (count == 1) return leaves[from];
        var split = 1;
        while (split * 2 < count) split *= 2;
        return EventHashes.Node(Naive(leaves, from, split), Naive(leaves, from + split, count - split));
    }
}
