using VideoScale.Simulation.Plans;
using VideoScale.Simulation.Seams;

namespace VideoScale.Simulation.Running;

/// <summary><c>./dev sim replay chaos/corpus/….json</c>: a kept plan, exactly.</summary>
internal static class ReplayCommand
{
    public static int Run(string file, Arguments arguments)
    {
        if (!File.Exists(file)) throw new UsageException($"no file {file}");
        var kept = Corpus.Read(file);
        Planted.Now = kept.Bug;
        using var log = arguments.Has("trace") ? new StreamWriter(Console.OpenStandardOutput(), bufferSize: 1 << 16) : null;
        var result = SeedRun.Of(kept.Plan, log);
        log?.Flush();
        Console.WriteLine($"once: {kept.What}");
        Console.WriteLine($"now{(kept.Bug == Bug.None ? "" : $", with {kept.Bug} planted")}: {result.What ?? "no violation"}");
        return result.IsViolation ? ExitCode.Violation : ExitCode.Valid;
    }
}
