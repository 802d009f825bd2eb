using Grpc.Core;

namespace VideoScale.Rpc;

public static class CallerContext
{
    /// <summary>Who calls; <see cref="Caller.Anonymous"/> where the method needs nothing and nothing was presented.</summary>
    public static Caller GetCaller(this ServerCallContext context) => context.GetHttpContext().Features.Get<Caller>() ?? Caller.Anonymous;
}
