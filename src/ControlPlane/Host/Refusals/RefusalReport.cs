using Grpc.Core;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Host.Api;
using VideoScale.ControlPlane.Host.Cluster;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.Model;
using VideoScale.Rpc;
using VideoScale.V1;
using Actor = VideoScale.ControlPlane.Commands.Actor;

namespace VideoScale.ControlPlane.Host.Refusals;

/// <summary>From a replica that turned a caller away, and does not lead, to the leader.</summary>
public sealed class RefusalReport(Leadership leadership, MemberBook book, ChannelPool channels, ReplicaIdentity identity)
{
    private const int MaxLength = 256;
    private const int MaxReasonLength = 4_096; // what is kept of it is less
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(2);

    /// <returns>False when no leader took it, and it is to be told again.</returns>
    public async Task<bool> SendAsync(Refusal refusal)
    {
        if (book.Find(leadership.Now.Leader) is not { GrpcAddress.Length: > 0 } leader || leader.Member == book.Self) return false;
        var request = new ReportRefusalRequest
        {
            Subject = refusal.Actor.Subject,
            Kind = refusal.Actor.Kind.Word,
            AuthMethod = refusal.Actor.AuthMethod.Word,
            Method = refusal.Method,
            Code = (uint)refusal.Failure.Code,
            Message = refusal.Failure.Message,
            Others = refusal.Others,
        };
        try
        {
            var client = new ReplicaService.ReplicaServiceClient(channels.Get(leader.GrpcAddress));
            await client.ReportRefusalAsync(request, new CallOptions(identity.Own(), DateTime.UtcNow + CallTimeout));
            return true;
        }
        // A leader of an older version records none.
        catch (RpcException e) { return e.StatusCode is StatusCode.Unimplemented or StatusCode.InvalidArgument; }
    }

    internal static Refusal Read(ReportRefusalRequest request)
    {
        CheckName("subject", request.Subject);
        CheckName("kind", request.Kind);
        CheckName("auth_method", request.AuthMethod);
        CheckName("method", request.Method);
        var code = (FailureCode)Math.Min(request.Code, byte.MaxValue);
        if (!Enum.IsDefined(code)) throw FieldRules.Broken("code", $"{request.Code}", "a number of FailureCode, 1 to 8");
        if (request.Message.Length > MaxReasonLength)
            throw FieldRules.Broken("message", request.Message, $"at most {MaxReasonLength} characters");
        var actor = new Actor(request.Subject, ActorKind.Of(request.Kind), ActorAuthMethod.Of(request.AuthMethod));
        return new(actor, request.Method, new Failure(code, request.Message), Others: request.Others);
    }

    private static void CheckName(string field, string name)
    {
        if (name.Length is 0 or > MaxLength) throw FieldRules.Broken(field, name, $"1 to {MaxLength} characters");
    }
}
