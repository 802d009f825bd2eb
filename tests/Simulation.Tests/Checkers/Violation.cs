namespace VideoScale.Simulation;

/// <summary>A promise was broken.</summary>
/// <param name="rule">The invariant, in one word.</param>
internal sealed class Violation(string rule, string message) : Exception($"{rule}: {message}")
{
    public string Rule { get; } = rule;
}
