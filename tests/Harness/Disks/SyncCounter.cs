using System.Runtime.InteropServices;
using VideoScale.Harness.Processes;

namespace VideoScale.Harness.Disks;

/// <summary>How often this process made bytes durable, counted by a library that it was started with.</summary>
public static partial class SyncCounter
{
    private const string Variable = "LD_PRELOAD";
    private const string Name = "count-syncs";

    /// <summary>This process was started with the library.</summary>
    public static bool IsThere => Environment.GetEnvironmentVariable(Variable)?.Contains(Name, StringComparison.Ordinal) == true;

    public static long Count
    {
        get
        {
            if (!NativeLibrary.TryGetExport(NativeLibrary.Load(Environment.GetEnvironmentVariable(Variable)!), "vs_syncs",
                out var function))
                throw new InvalidOperationException($"{Environment.GetEnvironmentVariable(Variable)} does not count syncs");
            return Marshal.GetDelegateForFunctionPointer<CountCall>(function)();
        }
    }

    /// <summary>Runs this program once more, with the library.</summary>
    /// <returns>Its exit code.</returns>
    public static async Task<int> RunAgainAsync(string directory, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(directory);
        var start = new System.Diagnostics.ProcessStartInfo(Environment.ProcessPath!, Environment.GetCommandLineArgs().Skip(1));
        start.Environment[Variable] = await Preload.CompileAsync(Name, directory);
        using var again = System.Diagnostics.Process.Start(start)!;
        await again.WaitForExitAsync(cancellationToken);
        return again.ExitCode;
    }

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    private delegate nint CountCall();
}
