using System.Diagnostics;
using Xunit;

namespace VideoScale.Harness.Processes;

/// <summary>Small libraries in C that stand in front of libc for one process.</summary>
internal static class Preload
{
    /// <param name="name">Of a file in <c>Native</c>, without its ending.</param>
    /// <returns>The library's path.</returns>
    internal static async Task<string> CompileAsync(string name, string directory)
    {
        var library = Path.Combine(directory, $"{name}.so");
        var source = Path.Combine(AppContext.BaseDirectory, "Native", $"{name}.c");
        using var gcc = Process.Start("gcc", ["-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"]);
        await gcc.WaitForExitAsync();
        Assert.Equal(0, gcc.ExitCode);
        return library;
    }
}
