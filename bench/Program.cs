using System.CommandLine;
using VideoScale.Bench.Calls;
using VideoScale.Bench.CatchUp;
using VideoScale.Bench.Cold;
using VideoScale.Bench.Consensus;
using VideoScale.Bench.Engines;
using VideoScale.Bench.Export;
using VideoScale.Bench.Failover;
using VideoScale.Bench.Forward;
using VideoScale.Bench.Fuzz;
using VideoScale.Bench.PlacementLab;
using VideoScale.Bench.Replay;
using VideoScale.Bench.Report;
using VideoScale.Bench.State;
using VideoScale.Bench.StunFlood;
using VideoScale.Bench.Watches;
using VideoScale.Bench.Webhooks;

// A verb per benchmark: add a line. Then what reads the results.
var root = new RootCommand("VideoScale's benchmarks; each prints a table and writes bench/results/NAME.json.")
{
    ConsensusVerb.Create(),
    EnginesVerb.Create(),
    PlacementVerb.Create(),
    ReplayVerb.Create(),
    ForwardVerb.Create(),
    StunFloodVerb.Create(),
    StateVerb.Create(),
    CatchUpVerb.Create(),
    WatchesVerb.Create(),
    WebhooksVerb.Create(),
    CallsVerb.Create(),
    ColdVerb.Create(),
    FailoverVerb.Create(),
    ExportVerb.Create(),
    FuzzVerb.Create(),
    ReportVerb.Create(),
    CompareVerb.Create(),
};
return await root.Parse(args).InvokeAsync();
