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
    private Func<TimeSpan, Task> _depart = static _ => Task.CompletedTask;

    public void Register(EndpointRegistry registry)
    {
        var agent = new LeaderAgent(core.Options, core.Authority, new LoadMeter(core.Authority, sessions), Connect, core.Fatal,
            core.Loggers.CreateLogger<LeaderAgent>());
        registry.Host(agent);
        registry.Own(agent);
        _depart = agent.DepartAsync;
    }

    /// <inheritdoc cref="LeaderAgent.DepartAsync"/>
    internal Task DepartAsync(TimeSpan within) => _depart(within);

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
