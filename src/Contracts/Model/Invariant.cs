using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace VideoScale.Model;

/// <summary>Our own bug: never caught; the process ends and replays.</summary>
public sealed class InvariantViolation : Exception
{
    public InvariantViolation() { }
    public InvariantViolation(string message) : base(message) { }
    public InvariantViolation(string message, Exception innerException) : base(message, innerException) { }
}

/// <summary>Checks that hold in Release too.</summary>
public static class Invariant
{
    public static void Require([DoesNotReturnIf(false)] bool holds, string law,
        [CallerArgumentExpression(nameof(holds))] string? expression = null)
    {
        if (!holds) Fail(law, expression);
    }

    [DoesNotReturn]
    private static void Fail(string law, string? expression) => throw new InvariantViolation($"invariant broken: {law} ({expression})");
}
