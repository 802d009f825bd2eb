using System.CommandLine;
using VideoScale.Harness.Results;

namespace VideoScale.Bench;

/// <summary><c>--results</c>: every verb has it, and writes by the same schema.</summary>
internal static class ResultsOption
{
    internal static Option<string> Of(string name) => new("--results")
    {
        Description = $"The file that keeps the figures with those of earlier runs; \"{RunRecorder.Nowhere}\" keeps nothing.",
        DefaultValueFactory = _ => $"bench/results/{name}.json",
    };
}
