using System.Globalization;
using Grpc.Core;
using VideoScale.Consensus;
using VideoScale.ControlPlane.Cluster;
using VideoScale.ControlPlane.Host.Api;
using VideoScale.Rpc;
using VideoScale.V1;

namespace VideoScale.ControlPlane.Host.Members;

/// <summary>Who is in the cluster, as operators change it.</summary>
public sealed partial class ClusterApi
{
    private const int MostMembers = 64;

    [RequireRole(Role.Admin)]
    public override Task<MembersReply> AddMember(AddMemberRequest request, ServerCallContext context) => members.RunAsync(
        request, RequestId(request.RequestId), context, ToRequest(request), static (leader, r, options) =>
            new ClusterService.ClusterServiceClient(leader).AddMemberAsync(r, options));

    [RequireRole(Role.Admin)]
    public override Task<MembersReply> PromoteMember(PromoteMemberRequest request, ServerCallContext context) => members.RunAsync(
        request, RequestId(request.RequestId), context,
            new MemberRequest(MemberChangeKind.Promote, Members(request.MemberIds), Force: request.Force),
        static (leader, r, options) => new ClusterService.ClusterServiceClient(leader).PromoteMemberAsync(r, options));

    [RequireRole(Role.Admin)]
    public override Task<MembersReply> RemoveMember(RemoveMemberRequest request, ServerCallContext context) => members.RunAsync(
        request, RequestId(request.RequestId), context,
            new MemberRequest(MemberChangeKind.Remove, Members(request.MemberIds), Force: request.Force),
        static (leader, r, options) => new ClusterService.ClusterServiceClient(leader).RemoveMemberAsync(r, options));

    [RequireRole(Role.Admin)]
    public override Task<MembersReply> SetVoters(SetVotersRequest request, ServerCallContext context) => members.RunAsync(
        request, RequestId(request.RequestId), context,
            new MemberRequest(MemberChangeKind.SetVoters, Members(request.MemberIds), Force: request.Force),
        static (leader, r, options) => new ClusterService.ClusterServiceClient(leader).SetVotersAsync(r, options));

    /// <summary>A request to add a replica, its fields checked.</summary>
    internal static MemberRequest ToRequest(AddMemberRequest request)
    {
        if (request.MemberId == 0) throw FieldRules.Broken("member_id", "0", "the replica's own id, not 0");
        FieldRules.Address("raft_address", request.RaftAddress);
        FieldRules.Address("grpc_address", request.GrpcAddress);
        if (request.HttpAddress.Length > 0) FieldRules.Address("http_address", request.HttpAddress);
        var member = new MemberId(request.MemberId);
        return new MemberRequest(MemberChangeKind.Add, [member],
            new MemberAddress(member, request.RaftAddress, request.GrpcAddress, request.HttpAddress), request.Force);
    }

    private static string RequestId(string value)
    {
        FieldRules.RequestId(value);
        return value;
    }

    private static MemberId[] Members(Google.Protobuf.Collections.RepeatedField<ulong> ids)
    {
        if (ids.Count is 0 or > MostMembers)
            throw FieldRules.Broken("member_ids", $"{ids.Count} ids",
                $"1 to {MostMembers.ToString(CultureInfo.InvariantCulture)} member ids");
        if (ids.Contains(0UL)) throw FieldRules.Broken("member_ids", "0", "member ids, as GetStatus lists them");
        var twice = ids.GroupBy(id => id).FirstOrDefault(same => same.Count() > 1);
        if (twice is not null)
            throw FieldRules.Broken("member_ids", $"{new MemberId(twice.Key)} named {twice.Count()} times", "each member once");
        return [.. ids.Select(id => new MemberId(id)).Order()];
    }
}
