using VideoScale.Consensus.Tests.Wal;

namespace VideoScale.Consensus.Tests;

/// <summary>What this assembly does when a test starts it as a process of its own.</summary>
internal static class ChildProgram
{
    private static int Main(string[] args) => args switch
    {
        ["commit-one-after-the-other", var directory] => FailingDiskChild.Run(directory),
        _ => 64,
    };
}
