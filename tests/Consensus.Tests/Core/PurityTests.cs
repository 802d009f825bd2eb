using System.Reflection;
using VideoScale.Consensus.Core;

namespace VideoScale.Consensus.Tests.Core;

/// <summary>
/// The core has no clock, thread, task, disk, network or chance of its own: the analyzer keeps calls out, this keeps state and signatures
/// clean.
/// </summary>
public sealed class PurityTests
{
    private static readonly string[] Forbidden = ["System.Threading", "System.IO", "System.Net", "System.Random",
        "System.Diagnostics.Stopwatch", "System.TimeProvider", "System.DateTime"];

    [Fact]
    public void Core_keeps_and_takes_nothing_that_waits_or_reaches_outside()
    {
        const BindingFlags All = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static
            | BindingFlags.DeclaredOnly;
        var used = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var type in typeof(RaftCore).Assembly.GetTypes())
        {
            foreach (var field in type.GetFields(All)) used.Add(field.FieldType.FullName ?? field.FieldType.Name);
            foreach (var method in type.GetMethods(All))
            {
                used.Add(method.ReturnType.FullName ?? method.ReturnType.Name);
                foreach (var parameter in method.GetParameters())
                    used.Add(parameter.ParameterType.FullName ?? parameter.ParameterType.Name);
            }
        }
        Assert.DoesNotContain(used, name => Forbidden.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal)));
    }

    [Fact]
    public void Core_depends_on_the_seam_alone() =>
        Assert.Equal(["VideoScale.Consensus.Seam"], typeof(RaftCore).Assembly.GetReferencedAssemblies().Select(name => name.Name!)
            .Where(name => name.StartsWith("VideoScale", StringComparison.Ordinal)));
}
