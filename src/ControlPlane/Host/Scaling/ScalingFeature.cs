using Microsoft.Extensions.Logging;
using VideoScale.ControlPlane.Host.Features;
using VideoScale.ControlPlane.Host.Providers;

namespace VideoScale.ControlPlane.Host.Scaling;

/// <summary>Pools of nodes follow their load.</summary>
internal sealed class ScalingFeature(ReplicaCore core) : IFeature
{
    public void Register(FeatureRegistry registry)
    {
        var provider = ProviderChoice.Of(core.Options.Provider, core.Cluster.ClusterId, core.Clock);
        if (provider is IDisposable owned) registry.Own(owned);
        var reconciler = provider is null ? null : new Reconciler(provider, core.Clock, core.Loggers.CreateLogger<Reconciler>());
        var scaler = new Scaler(reconciler, core.Loggers.CreateLogger<Scaler>());
        var loop = new ScalerLoop(core.Terms, core.Queries, core.Commands, core.LeaseClock, core.Time,
            new ScalingInputs(core.Fleet, core.Loads), scaler, core.Clock, core.Loggers.CreateLogger<ScalerLoop>());
        registry.Listen(loop);
        registry.Run(loop);
        registry.Serve(new FleetApi(core.Mutations, core.Queries, core.Gate, core.Leadership, core.Forwarder, scaler.Plans, reconciler,
            core.LeaseClock));
    }
}
