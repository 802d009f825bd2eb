namespace VideoScale.Export.Tests;

/// <summary>Exporters that a test kills are processes of their own.</summary>
internal static class Program
{
    private static Task<int> Main(string[] args) => Task.FromResult(args.Length);
}
