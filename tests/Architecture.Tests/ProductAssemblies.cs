using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using VideoScale.Harness;

namespace VideoScale.Architecture.Tests;

/// <summary>The product's assemblies as they were compiled, read without being loaded.</summary>
internal sealed class ProductAssemblies : IDisposable
{
    private readonly PEReader _image;
    private readonly MetadataReaderProvider _symbols;

    private ProductAssemblies(string path)
    {
        _image = new PEReader(File.OpenRead(path));
        Metadata = _image.GetMetadataReader();
        _symbols = MetadataReaderProvider.FromPortablePdbStream(File.OpenRead(Path.ChangeExtension(path, ".pdb")));
        Symbols = _symbols.GetMetadataReader();
    }

    public static ProductAssemblies Open(string path) => new(path);

    public MetadataReader Metadata { get; }
    public MetadataReader Symbols { get; }

    /// <summary>By name; the tests themselves are not among them.</summary>
    public static IReadOnlyDictionary<string, ProductAssemblies> All { get; } = Directory.GetFiles(AppContext.BaseDirectory,
        "VideoScale.*.dll")
        .Where(path => !path.EndsWith(".Tests.dll", StringComparison.Ordinal)
            && !path.EndsWith("VideoScale.Harness.dll", StringComparison.Ordinal))
        .ToDictionary(path => Path.GetFileNameWithoutExtension(path), path => new ProductAssemblies(path), StringComparer.Ordinal);

    /// <summary>Benches and chaos runs: no product, but its users.</summary>
    public static IReadOnlyList<ProductAssemblies> Users { get; } =
        [Built("bench", "VideoScale.Bench"), Built("chaos", "VideoScale.Chaos")];

    /// <summary>In the configuration of these tests.</summary>
    private static ProductAssemblies Built(string folder, string name)
    {
        var ours = new DirectoryInfo(AppContext.BaseDirectory);
        return new(Repository.Path(folder, "bin", ours.Parent!.Name, ours.Name, name + ".dll"));
    }

    public MethodBodyBlock Body(MethodDefinition method) => _image.GetMethodBody(method.RelativeVirtualAddress);

    public void Dispose()
    {
        _symbols.Dispose();
        _image.Dispose();
    }
}
