using Microsoft.Extensions.Logging;
using VideoScale.ControlPlane.Host.Features;

namespace VideoScale.ControlPlane.Host.Checkpoints;

/// <summary>Marks in the log at which all replicas compare what they have.</summary>
internal sealed class CheckpointsFeature(ReplicaCore core) : IFeature
{
    internal CheckpointLoop Loop { get; } =
        new(core.Terms, core.Queries, core.Commands, core.Log, core.Machine, core.StopForEver, core.Clock,
            core.Loggers.CreateLogger<CheckpointLoop>());

    public void Register(FeatureRegistry registry)
    {
        registry.Run(Loop);
        var reporter = new HashReporter(core.Log, core.Leadership, core.Machine, core.Book, core.Channels, core.Identity, core.StopForEver,
            core.Loggers.CreateLogger<HashReporter>());
        registry.Listen(reporter);
        registry.Run(reporter.RunAsync);
    }
}
