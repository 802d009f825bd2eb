using VideoScale.Harness.Processes;

namespace VideoScale.Chaos.Doctor;

/// <summary>One fault that the harness can inject, and how it is shown on this machine that it bites.</summary>
/// <param name="Scenarios">That need it.</param>
/// <param name="Advice">What to do when it does not.</param>
/// <param name="ProveAsync">Injects it in a folder of its own; an answer is why it did not bite, and so is what it throws.</param>
public sealed record FaultProof(string Fault, string Scenarios, string Advice, Func<string, Task<string?>> ProveAsync);

/// <param name="Problem">Null: it bites.</param>
public sealed record FaultFinding(FaultProof Proof, string? Problem)
{
    public static async Task<FaultFinding> OfAsync(FaultProof proof, string folder)
    {
        try { return new(proof, await proof.ProveAsync(Directory.CreateDirectory(folder).FullName)); }
        catch (Exception e) when (e is not OperationCanceledException) { return new(proof, e.Message.ReplaceLineEndings(" ").Trim()); }
    }

    /// <summary>One after the other, a line each.</summary>
    /// <returns>The exit code: 0 when all bite, else 2.</returns>
    public static async Task<int> ShowAllAsync()
    {
        Shell.Run("ip", "link", "set", "lo", "up");
        var folder = Directory.CreateTempSubdirectory("chaos-doctor-");
        var code = 0;
        foreach (var (number, proof) in FaultProofs.All.Index())
        {
            var found = await OfAsync(proof, Path.Combine(folder.FullName, $"{number}"));
            Console.WriteLine(found.Problem is null ? $"bites    {proof.Fault}"
                : $"DOES NOT {proof.Fault}: {found.Problem}\n         needed by: {proof.Scenarios}; {proof.Advice}");
            if (found.Problem is not null) code = 2;
        }
        folder.Delete(recursive: true);
        return code;
    }
}
