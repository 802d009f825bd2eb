using System.Globalization;

namespace VideoScale.Harness;

/// <summary>Runs a property over many seeds; a failure says how to replay its seed.</summary>
public static class Seeds
{
    private const string Variable = "VS_SEED";

    public static void Run(int count, Action<Random> property)
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } chosen)
        {
            property(new Random(int.Parse(chosen, CultureInfo.InvariantCulture)));
            return;
        }
        for (var seed = 1; seed <= count; seed++)
        {
            try { property(new Random(seed)); }
            catch (Exception e) { throw new SeedFailedException($"replay with {Variable}={seed}: {e.Message}", e); }
        }
    }
}

public sealed class SeedFailedException : Exception
{
    public SeedFailedException() { }
    public SeedFailedException(string message) : base(message) { }
    public SeedFailedException(string message, Exception innerException) : base(message, innerException) { }
}
