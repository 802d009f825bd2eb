using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Text.RegularExpressions;
using VideoScale.Harness;

namespace VideoScale.Architecture.Tests;

public sealed partial class SizeTests
{
    private const int MostLinesOfAFile = 300;
    private const int MostLinesOfAMethod = 50;

    /// <summary>Where a replica is put together by hand its order is its meaning (adr 0028): it is read in one go.</summary>
    private const string Composition = "src/ControlPlane/Host/Hosting/CoreParts.cs";
    private const int MostLinesOfComposition = 80;

    [Fact]
    public void No_file_is_longer_than_a_reader_can_hold()
    {
        var files = Repository.CodeFolders.SelectMany(folder => Repository.Files(folder, "*.cs")).ToList();
        Assert.True(files.Count > 100, "the search found too few files to mean anything");
        var tooLong = files.Select(f => (File: f, Lines: File.ReadLines(Repository.Path(f)).Count())).Where(f => f.Lines > MostLinesOfAFile)
            .Select(f => $"{f.File}: {f.Lines} lines");
        Assert.Empty(tooLong);
    }

    [Fact]
    public void No_method_is_longer_than_a_screen()
    {
        var measured = 0;
        var tooLong = new List<string>();
        foreach (var (_, assembly) in ProductAssemblies.All)
            foreach (var handle in assembly.Metadata.MethodDefinitions)
            {
                if (Lines(assembly, handle) is not { } lines) continue;
                measured++;
                var file = Path.GetRelativePath(Repository.Root, lines.File).Replace('\\', '/');
                if (lines.Count > (file == Composition ? MostLinesOfComposition : MostLinesOfAMethod))
                    tooLong.Add($"{file}:{lines.First}: {lines.Count} lines");
            }
        Assert.True(measured > 1000, "the symbols hold too few methods to mean anything");
        Assert.Empty(tooLong.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void No_type_is_named_for_doing_everything()
    {
        var vague = new List<string>();
        foreach (var (_, assembly) in ProductAssemblies.All)
            foreach (var type in assembly.Metadata.TypeDefinitions.Select(assembly.Metadata.GetTypeDefinition))
                if (Vague().IsMatch(assembly.Metadata.GetString(type.Name))) vague.Add(assembly.Metadata.GetString(type.Name));
        Assert.Empty(vague);
    }

    private static (string File, int First, int Count)? Lines(ProductAssemblies assembly, MethodDefinitionHandle handle)
    {
        var information = assembly.Symbols.GetMethodDebugInformation(handle.ToDebugInformationHandle());
        if (information.Document.IsNil) return null;
        var file = assembly.Symbols.GetString(assembly.Symbols.GetDocument(information.Document).Name);
        if (file.Split('/', '\\').Contains("obj")) return null; // generated
        var points = information.GetSequencePoints().Where(p => !p.IsHidden).ToList();
        if (points.Count == 0) return null;
        var method = assembly.Metadata.GetMethodDefinition(handle);
        var name = assembly.Metadata.GetString(method.Name);
        // Fields and properties that begin with a value are declarations, and no method, but to the compiler.
        if (name == ".cctor" && assembly.Metadata.GetTypeDefinition(method.GetDeclaringType()).Attributes
            .HasFlag(TypeAttributes.BeforeFieldInit)) return null;
        // A constructor sets what properties begin with, wherever they stand in the file.
        var count = name is ".ctor" or ".cctor"
            ? points.SelectMany(p => Enumerable.Range(p.StartLine, p.EndLine - p.StartLine + 1)).Distinct().Count()
            : points.Max(p => p.EndLine) - points.Min(p => p.StartLine) + 1;
        return (file, points.Min(p => p.StartLine), count);
    }

    [GeneratedRegex("(Manager|Helper|Helpers|Util|Utils|Utility|Utilities|Misc|Common)$")]
    private static partial Regex Vague();
}
