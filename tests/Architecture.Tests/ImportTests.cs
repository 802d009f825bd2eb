using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Xml.Linq;
using VideoScale.Harness;

namespace VideoScale.Architecture.Tests;

/// <summary>Who may import whom: the table of docs/ARCHITECTURE.md, checked in the project files and in what was compiled.</summary>
public sealed class ImportTests
{
    private static readonly Dictionary<string, string[]> MayImport = new(StringComparer.Ordinal)
    {
        ["VideoScale.Platform"] = [],
        ["VideoScale.Contracts.Model"] = [],
        ["VideoScale.Contracts.Rpc"] = [],
        ["VideoScale.Contracts.Wire"] = ["VideoScale.Contracts.Model"],
        ["VideoScale.Consensus.Seam"] = [],
        ["VideoScale.Consensus.Core"] = ["VideoScale.Consensus.Seam"],
        ["VideoScale.Consensus.Apply"] = ["VideoScale.Platform", "VideoScale.Consensus.Seam", "VideoScale.Contracts.Rpc"],
        ["VideoScale.Consensus.Engine"] = ["VideoScale.Platform", "VideoScale.Consensus.Seam", "VideoScale.Consensus.Apply",
            "VideoScale.Consensus.Core", "VideoScale.Contracts.Rpc"],
        ["VideoScale.Consensus.DotNext"] = ["VideoScale.Platform", "VideoScale.Consensus.Seam", "VideoScale.Consensus.Apply",
            "VideoScale.Contracts.Rpc"],
        ["VideoScale.Consensus.Etcd"] = ["VideoScale.Platform", "VideoScale.Consensus.Seam", "VideoScale.Consensus.Apply",
            "VideoScale.Contracts.Rpc"],
        ["VideoScale.Consensus.InMemory"] = ["VideoScale.Consensus.Seam"],
        ["VideoScale.ControlPlane.Core"] = ["VideoScale.Contracts.Model"],
        ["VideoScale.Gateway"] = ["VideoScale.Contracts.Model", "VideoScale.Contracts.Wire", "VideoScale.Contracts.Rpc"],
        ["VideoScale.ControlPlane.Host"] = ["VideoScale.Platform", "VideoScale.ControlPlane.Core", "VideoScale.Gateway",
            "VideoScale.Consensus.Seam", "VideoScale.Contracts.Wire", "VideoScale.Contracts.Rpc"],
        ["VideoScale.MediaNode.Core"] = ["VideoScale.Contracts.Model"],
        ["VideoScale.MediaNode.Host"] = ["VideoScale.Platform", "VideoScale.MediaNode.Core", "VideoScale.Contracts.Wire",
            "VideoScale.Contracts.Rpc"],
        ["VideoScale.Export"] = ["VideoScale.ControlPlane.Core", "VideoScale.ControlPlane.Host"],
        ["VideoScale.Cli"] = ["VideoScale.Platform", "VideoScale.Consensus.Apply", "VideoScale.Consensus.Engine",
            "VideoScale.Consensus.DotNext", "VideoScale.Consensus.Etcd", "VideoScale.ControlPlane.Host", "VideoScale.Export",
            "VideoScale.MediaNode.Host"],
    };

    [Fact]
    public void Every_project_imports_only_what_the_table_allows()
    {
        var projects = Repository.Files("src", "*.csproj");
        Assert.Equal(MayImport.Keys.Order(StringComparer.Ordinal), projects.Select(Name).Order(StringComparer.Ordinal));
        foreach (var project in projects)
            foreach (var import in Imports(project))
                Assert.True(MayImport[Name(project)].Contains(import), $"{Name(project)} may not import {import}");
    }

    [Fact]
    public void Chaos_sees_the_product_as_a_black_box()
    {
        foreach (var project in Repository.Files("chaos", "*.csproj"))
            Assert.Empty(Imports(project).Except(["VideoScale.Contracts.Model", "VideoScale.Contracts.Wire", "VideoScale.Contracts.Rpc",
                "VideoScale.Harness", "VideoScale.Chaos"]));
    }

    [Fact]
    public void What_was_compiled_refers_only_to_what_the_table_reaches()
    {
        foreach (var (name, assembly) in ProductAssemblies.All)
            foreach (var reference in assembly.Metadata.AssemblyReferences.Select(r =>
                assembly.Metadata.GetString(assembly.Metadata.GetAssemblyReference(r).Name)))
                if (reference.StartsWith("VideoScale.", StringComparison.Ordinal))
                    Assert.True(Reach(name).Contains(reference), $"{name} may not use {reference}");
    }

    [Fact]
    public void Control_plane_and_media_node_never_import_each_other()
    {
        Assert.DoesNotContain(Reach("VideoScale.ControlPlane.Host"), r => r.StartsWith("VideoScale.MediaNode", StringComparison.Ordinal));
        Assert.DoesNotContain(Reach("VideoScale.MediaNode.Host"), r => r.StartsWith("VideoScale.ControlPlane", StringComparison.Ordinal));
    }

    [Fact]
    public void Model_and_the_cores_use_no_package()
    {
        foreach (var project in Repository.Files("src", "*.csproj")
            .Where(p => Name(p).EndsWith(".Core", StringComparison.Ordinal) || Name(p).EndsWith(".Model", StringComparison.Ordinal)))
        {
            var used = XDocument.Load(Repository.Path(project)).Descendants()
                .Where(e => e.Name.LocalName is "PackageReference" or "FrameworkReference").Select(e => e.Attribute("Include")!.Value);
            Assert.True(!used.Any(), $"{Name(project)} uses {string.Join(", ", used)}");
        }
    }

    private static HashSet<string> Reach(string project)
    {
        var reached = new HashSet<string>(StringComparer.Ordinal);
        void Walk(string from) { foreach (var to in MayImport[from]) if (reached.Add(to)) Walk(to); }
        Walk(project);
        return reached;
    }

    private static string Name(string project) => Path.GetFileNameWithoutExtension(project);

    private static IEnumerable<string> Imports(string project) =>
        XDocument.Load(Repository.Path(project)).Descendants().Where(e => e.Name.LocalName == "ProjectReference")
            .Select(e => Name(e.Attribute("Include")!.Value.Replace('\\', '/')));
}
