using System.Diagnostics;
using System.Globalization;
using VideoScale.Simulation.Plans;

namespace VideoScale.Simulation.Running;

/// <summary>Trace hashes of seeds, for a process that wants to know whether another one sees the same.</summary>
internal static class HashCommand
{
    private const int MostAsked = 40;

    public static int Run(string[] args)
    {
        var (timeMs, product) = (long.Parse(args[0], CultureInfo.InvariantCulture), args[1] == "-" ? (Product?)null
            : Enum.Parse<Product>(args[1]));
        var only = args[2] == "-" ? null : args[2] == "none" ? [] : args[2].Split(',').Select(Enum.Parse<FaultClass>).ToArray();
        var options = new CampaignOptions(0, 0, timeMs, 1, product, only) { Journey = args[3] == "membership" };
        foreach (var seed in args[4..])
            Console.WriteLine($"{seed} {SeedRun.Of(options.PlanOf(ulong.Parse(seed, CultureInfo.InvariantCulture))).TraceHash:x16}");
        return ExitCode.Valid;
    }

    public static bool AgreesElsewhere(IReadOnlyDictionary<ulong, ulong> hashes, CampaignOptions options)
    {
        var asked = hashes.OrderBy(pair => pair.Key).Take(MostAsked).ToArray();
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true, UseShellExecute = false };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
            start.ArgumentList.Add(typeof(HashCommand).Assembly.Location);
        string[] words = ["hash", options.TimeMs.ToString(CultureInfo.InvariantCulture), options.Product?.ToString() ?? "-", options.Only
            is null ? "-" : options.Only.Count == 0 ? "none" : string.Join(',', options.Only), options.Journey ? "membership" : "-"];
        foreach (var word in words) start.ArgumentList.Add(word);
        foreach (var (seed, _) in asked) start.ArgumentList.Add(seed.ToString(CultureInfo.InvariantCulture));
        using var process = Process.Start(start)!;
        var said = process.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        process.WaitForExit();
        return process.ExitCode == 0 && said.SequenceEqual(asked.Select(pair => $"{pair.Key} {pair.Value:x16}"));
    }
}
