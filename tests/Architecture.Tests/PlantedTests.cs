using VideoScale.Harness;

namespace VideoScale.Architecture.Tests;

public sealed class PlantedTests
{
    [Fact]
    public void The_product_contains_no_planted_bug_and_no_coverage_mark()
    {
        foreach (var (name, assembly) in ProductAssemblies.All)
        {
            var metadata = assembly.Metadata;
            var used = metadata.TypeDefinitions.Select(handle => metadata.GetTypeDefinition(handle))
                .Select(type => (Space: type.Namespace, type.Name))
                .Concat(metadata.TypeReferences.Select(handle => metadata.GetTypeReference(handle))
                    .Select(type => (Space: type.Namespace, type.Name)));
            foreach (var (space, type) in used)
                Assert.False(metadata.GetString(space).StartsWith("VideoScale.Simulation", StringComparison.Ordinal),
                    $"{name} has {metadata.GetString(type)} of the simulator");
        }
        foreach (var file in Repository.Files("src", "*.cs"))
            Assert.DoesNotContain("Planted.", File.ReadAllText(Repository.Path(file)), StringComparison.Ordinal);
    }
}
