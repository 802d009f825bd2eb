using System.Reflection.Metadata;

namespace VideoScale.Architecture.Tests;

/// <summary>
/// The cores have no clock, thread, disk, network or chance: not a single reference to such a type was compiled into them.
/// </summary>
public sealed class SansIoTests
{
    private static readonly string[] BannedNamespaces = ["System.Threading", "System.Threading.Tasks", "System.Net", "System.Net.Sockets",
        "System.Diagnostics.Metrics", "Microsoft.Extensions"];

    private static readonly string[] BannedTypes =
    [
        "System.Random", "System.TimeProvider", "System.DateTime", "System.Diagnostics.Stopwatch", "System.Environment", "System.Console",
            "System.Guid", "System.HashCode",
        "System.Globalization.CultureInfo", "System.IO.File", "System.IO.FileStream", "System.IO.RandomAccess", "System.IO.Directory",
            "System.IO.Path",
        "System.Security.Cryptography.RandomNumberGenerator", "System.Diagnostics.Process", "System.Diagnostics.Activity",
    ];

    // Values, not effects; CurrentManagedThreadId is what the compiler puts into iterators.
    private static readonly string[] Allowed =
    [
        "System.Globalization.CultureInfo.get_InvariantCulture", "System.Environment.get_CurrentManagedThreadId",
            "System.Guid.TryParseExact", "System.Guid.TryWriteBytes", "System.Guid..ctor",
        "System.Net.IPAddress..ctor", "System.Net.IPEndPoint..ctor",
    ];

    [Theory]
    [InlineData("VideoScale.Consensus.Core")]
    [InlineData("VideoScale.ControlPlane.Core")]
    [InlineData("VideoScale.MediaNode.Core")]
    public void A_core_refers_to_nothing_that_touches_the_world(string core)
    {
        var found = Banned(ProductAssemblies.All[core].Metadata).Order(StringComparer.Ordinal).ToList();
        Assert.True(found.Count == 0, $"{core} uses {string.Join(", ", found)}");
    }

    [Fact]
    public void A_host_would_be_caught() => Assert.NotEmpty(Banned(ProductAssemblies.All["VideoScale.Consensus.Engine"].Metadata));

    private static IEnumerable<string> Banned(MetadataReader metadata)
    {
        foreach (var handle in metadata.TypeReferences)
        {
            var type = metadata.GetTypeReference(handle);
            var name = $"{metadata.GetString(type.Namespace)}.{metadata.GetString(type.Name)}";
            var banned = BannedTypes.Contains(name) || BannedNamespaces.Any(n => name.StartsWith(n + ".", StringComparison.Ordinal));
            if (!banned) continue;
            var uses = Members(metadata, handle).Select(m => $"{name}.{m}").ToList();
            // a value of the type, in a signature
            if (uses.Count == 0 && Allowed.Any(a => a.StartsWith(name + ".", StringComparison.Ordinal))) continue;
            if (uses.Count == 0) yield return name;
            foreach (var use in uses.Except(Allowed)) yield return use;
        }
    }

    private static IEnumerable<string> Members(MetadataReader metadata, TypeReferenceHandle type) => metadata.MemberReferences
        .Select(metadata.GetMemberReference)
        .Where(m => m.Parent.Kind == HandleKind.TypeReference && (TypeReferenceHandle)m.Parent == type)
        .Select(m => metadata.GetString(m.Name));
}
