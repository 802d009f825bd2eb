using System.CommandLine;
using VideoScale.Cli.CommandLine;
using VideoScale.Cli.Ctl.Cluster;
using VideoScale.Cli.Ctl.Fleet;
using VideoScale.Cli.Ctl.Keys;
using VideoScale.Cli.Ctl.Nodes;
using VideoScale.Cli.Ctl.Rooms;
using VideoScale.Cli.Ctl.Webhooks;

namespace VideoScale.Cli.Ctl;

/// <summary><c>videoscale ctl</c>: asks and changes a running cluster.</summary>
internal static class CtlCommand
{
    internal static Command Create() => new Command("ctl", "Asks and changes a running cluster, through any of its replicas.")
    {
        RoomCommand.Create(), NodeCommand.Create(), FleetCommand.Create(), ClusterCommand.Create(), WebhookCommand.Create(),
            KeyCommand.Create(),
        CtlOptions.Server, CtlOptions.Token, CtlOptions.Json, CtlOptions.TimeoutSeconds, CtlOptions.RequestId, CtlOptions.Certificate,
            CtlOptions.Key, CtlOptions.Authority,
    }.WithNotes("""
        Examples:
          videoscale ctl room create standup --expected 20
          videoscale ctl room list --json
          videoscale ctl node list
          videoscale ctl cluster status
        """);
}
