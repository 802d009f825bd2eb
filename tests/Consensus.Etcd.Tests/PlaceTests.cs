using Microsoft.Extensions.Logging.Abstractions;
using VideoScale.Consensus.Etcd.Client;
using VideoScale.Consensus.Etcd.Driver;
using VideoScale.Consensus.Etcd.Layout;

namespace VideoScale.Consensus.Etcd.Tests;

/// <summary>A log in etcd that goes on after a sealed entry of another engine's.</summary>
public sealed class PlaceTests(OneEtcd etcd) : IClassFixture<OneEtcd>
{
    private const ulong Reached = 40;
    private static readonly LogPlace Place = new(Reached, 3, 9);
    private static readonly LogMove Moved = new(Place, EtcdEngine.EngineName, HasRun: false);

    [Fact]
    public async Task Who_comes_first_begins_it_behind_the_seal_and_the_others_find_it()
    {
        using var raw = new RawEtcd(etcd.Options());
        var parts = 0;
        foreach (var member in (ulong[])[1, 2, 1])
            Assert.Equal(Place, await Claim(raw).MakeAsync(AddressOf(member), Reached, Moved, () => parts++));
        Assert.Equal(3, parts);
        Assert.Equal(new HeadValue(Reached, 3), HeadValue.Decode((await raw.GetAsync(raw.Keys.Head))!.Value));
        await Claim(raw).CheckAsync(Place); // another replica's directory may come
        // who comes anew, without a log before this one, learns where it begins
        Assert.Equal(Place, await Claim(raw).MakeAsync(AddressOf(4), reached: 0, null, () => { }));
        Assert.True(await Claim(raw).SeenTermAsync() > Place.SeenTerm);
    }

    [Fact]
    public async Task A_prefix_that_holds_another_log_is_refused_before_anything_is_moved()
    {
        using var fromOne = new RawEtcd(etcd.Options());
        await Claim(fromOne).MakeAsync(AddressOf(1), 0, null, () => { });
        await RefusedAsync(fromOne, "began with entry 1");

        using var elsewhere = new RawEtcd(etcd.Options());
        await Claim(elsewhere).MakeAsync(AddressOf(1), Reached, Moved with { After = Place with { Index = 30 } }, () => { });
        await RefusedAsync(elsewhere, "went on after entry 30");

        using var foreign = new RawEtcd(etcd.Options());
        await foreign.PutAsync(foreign.Keys.Prefix + "theirs", "1");
        await RefusedAsync(foreign, "somebody else keeps");

        using var others = new RawEtcd(etcd.Options());
        await others.DoAsync(Txn.Put(others.Keys.Cluster, ClusterValue.Encode(0xC2)));
        await RefusedAsync(others, "are of cluster");

        async Task RefusedAsync(RawEtcd raw, string why)
        {
            var looked = await Assert.ThrowsAsync<DataDirectoryException>(() => Claim(raw).CheckAsync(Place));
            Assert.Contains(why, looked.Message, StringComparison.Ordinal);
            var claimed = await Assert.ThrowsAsync<DataDirectoryException>(() => Claim(raw).MakeAsync(AddressOf(1), Reached, Moved,
                () => Assert.Fail("it takes no part")));
            Assert.Contains(why, claimed.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task An_etcd_that_lost_such_a_log_does_not_get_it_anew_from_who_took_part_in_it()
    {
        using var raw = new RawEtcd(etcd.Options());
        var refused = await Assert.ThrowsAsync<DataDirectoryException>(() =>
            Claim(raw).MakeAsync(AddressOf(1), Reached, Moved with { HasRun = true }, () => { }));
        Assert.Contains("holds no log", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_log_goes_on_once_a_majority_of_the_voters_has_left_the_one_before()
    {
        var keys = new EtcdKeys("/p/", Replicas.Cluster);
        var known = new ControlKeys(keys, Membership.Of(new(1), new(2), new(3)), []);
        KeyValue Comer(ulong member) => new() { Key = keys.Comer(new(member)), Value = PlaceValue.Encode(Place) };
        known.Replace([], [], [Comer(1), Comer(7)], null, null);
        Assert.False(known.HaveComeFromBefore); // 7 did not vote there
        known.Take(keys.Comer(new(3)), Comer(3));
        Assert.True(known.HaveComeFromBefore);
        known.Take(keys.Comer(new(3)), null);
        Assert.False(known.HaveComeFromBefore);
    }

    [Fact]
    public void Its_terms_are_above_those_before()
    {
        var keys = new EtcdKeys("/p/", Replicas.Cluster, termsBefore: 9);
        Assert.Equal((9UL + 5, 5L), (keys.TermOf(5), keys.CreatedIn(keys.TermOf(5))));
        Assert.True(keys.IsOurs(keys.Place) && keys.IsOurs(keys.Comer(new(3))));
    }

    private static PrefixClaim Claim(RawEtcd raw) => new(raw.Client, raw.Keys, Replicas.Cluster, NullLogger<EtcdLog>.Instance);

    private static MemberAddress AddressOf(ulong member) => new(new MemberId(member), $"r{member}:1", $"r{member}:2", $"r{member}:3");
}
