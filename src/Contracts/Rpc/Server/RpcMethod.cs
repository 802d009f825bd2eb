using Grpc.AspNetCore.Server;
using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace VideoScale.Rpc;

/// <summary>What the server knows about one method, worked out once: nothing is looked up or formatted again for a call.</summary>
internal sealed class RpcMethod
{
    private const int Statuses = (int)StatusCode.Unauthenticated + 1;
    private readonly long[] _finished = new long[Statuses];
    private int _inFlight;

    public RpcMethod(GrpcMethodMetadata method, EndpointMetadataCollection attributes, IDictionary<string, Role> roles)
    {
        Path = method.Method.FullName;
        Name = Path[1..];
        IsUnary = method.Method.Type == MethodType.Unary;
        // The attributes of the class come before those of the method: the last one is the closest.
        RequiredRole = roles.TryGetValue(Name, out var ofMethod) ? ofMethod
            : roles.TryGetValue(method.Method.ServiceName, out var ofService) ? ofService
            : attributes.GetMetadata<RequireRoleAttribute>()?.Role ?? Role.Admin;
        Tag = new("rpc.method", Name);
    }

    /// <summary>With the leading slash, as on the wire.</summary>
    public string Path { get; }

    public string Name { get; }
    public bool IsUnary { get; }
    public Role RequiredRole { get; }
    public KeyValuePair<string, object?> Tag { get; }

    public int InFlight => Volatile.Read(ref _inFlight);

    public void Begin() => Interlocked.Increment(ref _inFlight);

    public void End(StatusCode status)
    {
        Interlocked.Decrement(ref _inFlight);
        Interlocked.Increment(ref _finished[(uint)status < Statuses ? (int)status : (int)StatusCode.Unknown]);
    }

    public long Finished(StatusCode status) => Volatile.Read(ref _finished[(int)status]);
}
