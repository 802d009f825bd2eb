namespace VideoScale.Gateway.Tests;

/// <summary>What measures the memory of its process runs when nothing else does.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public static class Alone;
