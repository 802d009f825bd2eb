using VideoScale.Consensus.Contract;
using Xunit.Abstractions;

namespace VideoScale.DotNext.Tests;

public sealed class Contract_of_dotnext(SkipTally skips, ITestOutputHelper output) : ReplicatedLogContract(skips, output)
{
    protected override string Implementation => "dotnext";

    protected override Task<IContractSystem> StartAsync() => Task.FromResult<IContractSystem>(new DotNextReplicas());
}
