using System.CommandLine;
using VideoScale.Chaos.Commands;
using VideoScale.Chaos.Running;

using var signals = new StopSignals();
var stop = signals.Token;
return await new RootCommand("Tries to break VideoScale with real processes, disks and networks. " +
    "Exit codes: 0 valid, 1 violation, 2 proves nothing, 3 not live in time, 130 stopped, 254 usage, 255 fault of the harness.")
{
    RunCommand.Create(stop), ShrinkCommand.Create(stop), OtherCommands.CreateEngines(stop), OtherCommands.CreateDoctor(stop),
    RunCommand.CreateList(), CheckCommand.Create(), MutantsCommand.Create(stop), CampaignCommand.Create(stop),
}.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null }, CancellationToken.None);
