using Grpc.Core;
using Grpc.Core.Interceptors;
using Microsoft.Extensions.Logging;
using VideoScale.MediaNode.Host.Features;
using VideoScale.MediaNode.Host.Load;
using VideoScale.MediaNode.Host.Sessions;
using VideoScale.Rpc;

namespace VideoScale.MediaNode.Host.Agent;

/// <summary>The node's stream to the leader.</summary>
internal sealed class AgentFeature(NodeCore core, SessionHost sessions) : INodeFeature
{
    private LeaderAgent? _agent;

    public void Register(EndpointRegistry registry)
    {
        _agent = new LeaderAgent(core.Options, core.Authority, new LoadMeter(core.Authority, sessions), Connect, core.Fatal,
            core.Loggers.CreateLogger<LeaderAgent>());
        registry.Host(_agent);
        registry.Own(_agent);
    }

    /// <inheritdoc cref="LeaderAgent.DepartAsync"/>
    internal Task DepartAsync(TimeSpan within) => _agent?.DepartAsync(within) ?? Task.CompletedTask;

    private CallInvoker Connect(string address)
    {
        var invoker = core.Channels.Get(address).CreateCallInvoker();
        return core.Options.Token.Length == 0 ? invoker : invoker.Intercept(metadata =>
        {
            metadata.Add("authorization", $"Bearer {core.Options.Token}");
            return metadata;
        });
    }
}
