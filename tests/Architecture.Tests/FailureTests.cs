using System.Reflection.Emit;
using System.Reflection.Metadata;
using VideoScale.Model;

namespace VideoScale.Architecture.Tests;

/// <summary>
/// A refusal that nobody looks at nobody hears of: no call that may return a <see cref="Failure"/> has its result thrown away.
/// </summary>
public sealed class FailureTests
{
    [Fact]
    public void No_failure_is_thrown_away()
    {
        var found = ProductAssemblies.All
            .SelectMany(assembly => Discards(assembly.Value).Select(at => $"{assembly.Key}: {at}")).Order(StringComparer.Ordinal).ToList();
        Assert.True(found.Count == 0, "results that nobody reads:\n" + string.Join('\n', found));
    }

    [Fact]
    public void The_check_reads_what_it_should() // or it could pass by seeing nothing
    {
        using var self = ProductAssemblies.Open(typeof(FailureTests).Assembly.Location);
        Assert.Equal([$"{nameof(FailureTests)}.{nameof(ThrowsOneAway)} calls {nameof(Refuse)}"], Discards(self));
    }

    private static Failure? Refuse() => Failure.NotFound("it");

    private static Failure? ThrowsOneAway()
    {
        Refuse();
        return Refuse() ?? Refuse();
    }

    private static IEnumerable<string> Discards(ProductAssemblies assembly)
    {
        var metadata = assembly.Metadata;
        foreach (var handle in metadata.MethodDefinitions)
        {
            var method = metadata.GetMethodDefinition(handle);
            if (method.RelativeVirtualAddress == 0) continue;
            var type = metadata.GetTypeDefinition(method.GetDeclaringType());
            foreach (var callee in ThrownAway(metadata, assembly.Body(method)))
                yield return $"{metadata.GetString(type.Name)}.{metadata.GetString(method.Name)} calls {callee}";
        }
    }

    private static List<string> ThrownAway(MetadataReader metadata, MethodBodyBlock body)
    {
        var found = new List<string>();
        string? called = null;
        foreach (var (code, about) in Instructions.Of(body))
        {
            if (code == OpCodes.Pop && called is not null) found.Add(called);
            called = code == OpCodes.Call || code == OpCodes.Callvirt ? FailureFrom(metadata, about) : null;
        }
        return found;
    }

    /// <summary>The method's name, when it returns a failure.</summary>
    private static string? FailureFrom(MetadataReader metadata, EntityHandle handle)
    {
        var (name, signature) = handle.Kind switch
        {
            HandleKind.MethodDefinition when metadata.GetMethodDefinition((MethodDefinitionHandle)handle) is var method =>
                (method.Name, method.Signature),
            HandleKind.MemberReference when metadata.GetMemberReference((MemberReferenceHandle)handle) is var member =>
                (member.Name, member.Signature),
            _ => default, // a generic method, which returns none by itself
        };
        if (signature.IsNil) return null;
        var blob = metadata.GetBlobReader(signature);
        var header = blob.ReadSignatureHeader();
        if (header.IsGeneric) blob.ReadCompressedInteger();
        blob.ReadCompressedInteger(); // how many parameters
        if (blob.ReadSignatureTypeCode() != SignatureTypeCode.TypeHandle) return null;
        var type = blob.ReadTypeHandle();
        var (space, typeName) = type.Kind switch
        {
            HandleKind.TypeReference when metadata.GetTypeReference((TypeReferenceHandle)type) is var named =>
                (named.Namespace, named.Name),
            HandleKind.TypeDefinition when metadata.GetTypeDefinition((TypeDefinitionHandle)type) is var named =>
                (named.Namespace, named.Name),
            _ => default,
        };
        return $"{metadata.GetString(space)}.{metadata.GetString(typeName)}" == typeof(Failure).FullName ? metadata.GetString(name) : null;
    }
}
