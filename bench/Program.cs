using System.CommandLine;
using VideoScale.Bench.Consensus;
using VideoScale.Bench.Forward;

// A verb per benchmark: add a line.
var root = new RootCommand("VideoScale's benchmarks; each prints a table and writes bench/results/NAME.json.")
{
    ConsensusVerb.Create(),
    ForwardVerb.Create(),
};
return await root.Parse(args).InvokeAsync();
