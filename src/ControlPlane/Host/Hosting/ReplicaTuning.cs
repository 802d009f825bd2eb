using VideoScale.ControlPlane.Host.Clocks;
using VideoScale.ControlPlane.Host.Export;
using VideoScale.ControlPlane.Host.Options;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.Host.Subscriptions;

namespace VideoScale.ControlPlane.Host.Hosting;

/// <summary>What tests and in-process hosts set beside the options.</summary>
public sealed record ReplicaTuning
{
    public static ReplicaTuning Default { get; } = new();

    public TimeProvider Clock { get; init; } = TimeProvider.System;
    public LeaseClock LeaseClock { get; init; } = LeaseClock.Boot;
    public StateHooks? Hooks { get; init; }

    /// <summary>Who follows the event log beside the replica's own features.</summary>
    public IReadOnlyList<EventSubscriber> Subscribers { get; init; } = [];

    /// <summary>
    /// Makes what the leader's event log goes to beside its files, by the options; the replica disposes of it. Null: nowhere.
    /// </summary>
    public Func<ExportOptions, IExportTarget?>? ExportTarget { get; init; }

    /// <summary>Descriptors of listening sockets that the process was started with, instead of HttpPort and GrpcPort of its own.</summary>
    public int? HttpSocket { get; init; }
    public int? GrpcSocket { get; init; }

    /// <summary>A replica that stops for ever takes the process with it.</summary>
    public bool EndsProcess { get; init; } = true;

    /// <summary>Takes the one line that says why it stopped, before the process ends.</summary>
    public Action<string> LastWords { get; init; } = Console.Error.WriteLine;
}
