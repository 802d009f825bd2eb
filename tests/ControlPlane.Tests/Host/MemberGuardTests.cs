using Grpc.Core;
using VideoScale.V1;

namespace VideoScale.ControlPlane.Tests.HostTests;

/// <summary>Changes of members that would stop the cluster for good are refused, with what to do instead.</summary>
public sealed class MemberGuardTests
{
    [Fact]
    public async Task A_change_whose_voters_would_have_no_live_majority_is_refused_and_a_wrong_address_too()
    {
        await using var cluster = await TestCluster.StartAsync(3);
        var leader = cluster.Clusters(cluster.LeaderIndex);
        var dead = cluster.FollowerIndex;
        var (deadId, deadAddress) = (cluster[dead].Replica.Core.Cluster.Self.Value, cluster[dead].Replica.Core.Cluster.SelfPeer);
        var live = Enumerable.Range(0, 3).Single(i => i != dead && i != cluster.LeaderIndex);
        var liveSelf = cluster[live].Replica.Core.Cluster.SelfPeer;

        // Where another member listens, and where nobody does.
        foreach (var wrong in new[] { deadAddress.RaftAddress, "127.0.0.1:1" })
        {
            var add = new AddMemberRequest
            {
                RequestId = $"add-{wrong}",
                MemberId = liveSelf.Member.Value,
                RaftAddress = wrong,
                GrpcAddress = liveSelf.GrpcAddress,
            };
            var unproven = await RefusedAsync(() => leader.AddMemberAsync(add));
            Assert.Equal(StatusCode.FailedPrecondition, unproven.StatusCode);
            Assert.Contains($"at {wrong} there is not member {liveSelf.Member}", unproven.Status.Detail, StringComparison.Ordinal);
        }
        await Eventually.HoldsAsync(async () => (await leader.AddMemberAsync(new AddMemberRequest
        {
            RequestId = "right",
            MemberId = liveSelf.Member.Value,
            RaftAddress = liveSelf.RaftAddress,
            GrpcAddress = liveSelf.GrpcAddress,
            HttpAddress = liveSelf.HttpAddress
        })).Done, "the right address is taken");

        var twice = new SetVotersRequest { RequestId = "twice" };
        twice.MemberIds.AddRange([liveSelf.Member.Value, liveSelf.Member.Value]);
        Assert.Equal(StatusCode.InvalidArgument, (await RefusedAsync(() => leader.SetVotersAsync(twice))).StatusCode);

        await cluster.StopAsync(dead);
        var remove = new RemoveMemberRequest { RequestId = "live" };
        remove.MemberIds.Add(liveSelf.Member.Value);
        var refused = await RefusedAsync(() => leader.RemoveMemberAsync(remove));
        Assert.Equal(StatusCode.FailedPrecondition, refused.StatusCode);
        Assert.Contains($"Silent: {new Consensus.MemberId(deadId)} at {deadAddress.RaftAddress}", refused.Status.Detail,
            StringComparison.Ordinal);
        Assert.Contains($"ctl cluster remove {new Consensus.MemberId(deadId)}", refused.Status.Detail, StringComparison.Ordinal);
        var set = new SetVotersRequest { RequestId = "set" };
        set.MemberIds.AddRange([cluster.Leader.Core.Cluster.Self.Value, deadId]);
        Assert.Equal(StatusCode.FailedPrecondition, (await RefusedAsync(() => leader.SetVotersAsync(set))).StatusCode);

        var removeDead = new RemoveMemberRequest { RequestId = "dead" };
        removeDead.MemberIds.Add(deadId);
        MembersReply? reply = null;
        await Eventually.HoldsAsync(async () => (reply = await leader.RemoveMemberAsync(removeDead)).Done, "the dead one is out");
        Assert.Equal(2, reply!.Voters.Count);
    }

    /// <summary>A busy machine may change leaders under a call, which is UNAVAILABLE: the same request is asked again.</summary>
    private static async Task<RpcException> RefusedAsync(Func<AsyncUnaryCall<MembersReply>> call)
    {
        RpcException? refused = null;
        await Eventually.HoldsAsync(async () =>
        {
            refused = await Assert.ThrowsAsync<RpcException>(async () => await call());
            return refused.StatusCode != StatusCode.Unavailable;
        }, "it is refused", details: () => refused?.Status.Detail ?? "");
        return refused!;
    }
}
