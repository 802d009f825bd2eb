using System.Reflection;
using System.Reflection.Emit;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;

namespace VideoScale.Architecture.Tests;

/// <summary>Members that others may call, and what the compiled code calls: by type and name, overloads together.</summary>
internal static class MemberUse
{
    /// <summary>What the compiler makes of a record calls every property of it.</summary>
    private static readonly string[] MadeOfRecords =
        [".ctor", "PrintMembers", "ToString", "Equals", "GetHashCode", "Deconstruct", "<Clone>$", "op_Equality", "op_Inequality",
            "get_EqualityContract"];

    /// <summary>Public and internal methods, properties and fields that people wrote, as <c>Namespace.Type.Member</c>.</summary>
    public static IEnumerable<string> Declared(ProductAssemblies assembly)
    {
        var metadata = assembly.Metadata;
        foreach (var handle in metadata.TypeDefinitions)
        {
            var type = metadata.GetTypeDefinition(handle);
            if ((type.Attributes & TypeAttributes.VisibilityMask) == TypeAttributes.NestedPrivate || IsDelegate(metadata, type)
                || !IsWritten(assembly, type)) continue;
            var name = NameOf(metadata, handle);
            if (name.Contains('<', StringComparison.Ordinal)) continue;
            foreach (var method in type.GetMethods().Select(metadata.GetMethodDefinition))
                if (IsCallable(metadata, method)) yield return $"{name}.{Plain(metadata.GetString(method.Name))}";
            foreach (var field in type.GetFields().Select(metadata.GetFieldDefinition))
                if (!field.Attributes.HasFlag(FieldAttributes.Literal) && !field.Attributes.HasFlag(FieldAttributes.SpecialName)
                    && (field.Attributes & FieldAttributes.FieldAccessMask) is FieldAttributes.Public or FieldAttributes.Assembly)
                    yield return $"{name}.{metadata.GetString(field.Name)}";
        }
    }

    /// <summary>What methods call and read, but for what a method calls of itself.</summary>
    public static IEnumerable<string> Used(ProductAssemblies assembly)
    {
        var metadata = assembly.Metadata;
        foreach (var handle in metadata.MethodDefinitions)
        {
            var method = metadata.GetMethodDefinition(handle);
            if (method.RelativeVirtualAddress == 0 || IsMadeOfRecord(metadata, method)) continue;
            var self = $"{NameOf(metadata, method.GetDeclaringType())}.{metadata.GetString(method.Name)}";
            foreach (var (code, about) in Instructions.Of(assembly.Body(method)))
                if (code != OpCodes.Stfld && code != OpCodes.Stsfld && MemberOf(metadata, about) is { } used && used != self)
                    yield return Plain(used);
        }
    }

    /// <summary>A property is used when it is read, as a field is: what is only set nobody needs.</summary>
    private static string Plain(string member)
    {
        var at = member.LastIndexOf('.') + 1;
        return string.CompareOrdinal(member, at, "get_", 0, 4) == 0 ? member[..at] + member[(at + 4)..] : member;
    }

    private static bool IsMadeOfRecord(MetadataReader metadata, MethodDefinition method) =>
        MadeOfRecords.Contains(metadata.GetString(method.Name))
            && IsMarked(metadata, method.GetCustomAttributes(), "CompilerGeneratedAttribute");

    /// <summary>Not what is called through a base or an interface, nor what the language calls.</summary>
    private static bool IsCallable(MetadataReader metadata, MethodDefinition method)
    {
        if ((method.Attributes & MethodAttributes.MemberAccessMask) is not (MethodAttributes.Public or MethodAttributes.Assembly
            or MethodAttributes.FamORAssem)) return false;
        var name = metadata.GetString(method.Name);
        if (name.StartsWith('.') || name.StartsWith("op_", StringComparison.Ordinal) || name.StartsWith("set_", StringComparison.Ordinal)
            || name.StartsWith("remove_", StringComparison.Ordinal) || name.Contains('<', StringComparison.Ordinal)
            || name is "Deconstruct" or "Main") return false;
        if (IsMadeOfRecord(metadata, method)) return false;
        if (!method.Attributes.HasFlag(MethodAttributes.Virtual)) return true;
        // a new slot that others override, or an interface's: those who call it call it by this name
        return method.Attributes.HasFlag(MethodAttributes.NewSlot) && !method.Attributes.HasFlag(MethodAttributes.Final);
    }

    private static bool IsDelegate(MetadataReader metadata, TypeDefinition type) => type.BaseType.Kind == HandleKind.TypeReference
        && metadata.GetString(metadata.GetTypeReference((TypeReferenceHandle)type.BaseType).Name) == nameof(MulticastDelegate);

    /// <summary>In a file of ours; what the compiler or a generator made is not.</summary>
    private static bool IsWritten(ProductAssemblies assembly, TypeDefinition type)
    {
        var files = type.GetMethods()
            .Select(method => assembly.Symbols.GetMethodDebugInformation(method.ToDebugInformationHandle()).Document)
            .Where(document => !document.IsNil).Select(document => assembly.Symbols.GetString(assembly.Symbols.GetDocument(document).Name));
        return !files.Any(file => file.Split('/', '\\').Contains("obj"))
            && !IsMarked(assembly.Metadata, type.GetCustomAttributes(), "CompilerGeneratedAttribute");
    }

    private static bool IsMarked(MetadataReader metadata, CustomAttributeHandleCollection attributes, string name) =>
        attributes.Select(metadata.GetCustomAttribute).Any(attribute => attribute.Constructor.Kind == HandleKind.MemberReference
            && metadata.GetMemberReference((MemberReferenceHandle)attribute.Constructor).Parent is { Kind: HandleKind.TypeReference } type
            && metadata.GetString(metadata.GetTypeReference((TypeReferenceHandle)type).Name) == name);

    private static string? MemberOf(MetadataReader metadata, EntityHandle handle)
    {
        switch (handle.Kind)
        {
            case HandleKind.MethodDefinition:
                var method = metadata.GetMethodDefinition((MethodDefinitionHandle)handle);
                return $"{NameOf(metadata, method.GetDeclaringType())}.{metadata.GetString(method.Name)}";
            case HandleKind.FieldDefinition:
                var field = metadata.GetFieldDefinition((FieldDefinitionHandle)handle);
                return $"{NameOf(metadata, field.GetDeclaringType())}.{metadata.GetString(field.Name)}";
            case HandleKind.MethodSpecification:
                return MemberOf(metadata, metadata.GetMethodSpecification((MethodSpecificationHandle)handle).Method);
            case HandleKind.MemberReference:
                var member = metadata.GetMemberReference((MemberReferenceHandle)handle);
                return NameOf(metadata, member.Parent) is { } parent ? $"{parent}.{metadata.GetString(member.Name)}" : null;
            default:
                return null;
        }
    }

    private static string? NameOf(MetadataReader metadata, EntityHandle type)
    {
        switch (type.Kind)
        {
            case HandleKind.TypeDefinition:
                return NameOf(metadata, (TypeDefinitionHandle)type);
            case HandleKind.TypeReference:
                var reference = metadata.GetTypeReference((TypeReferenceHandle)type);
                return reference.ResolutionScope.Kind == HandleKind.TypeReference
                    ? $"{NameOf(metadata, reference.ResolutionScope)}.{metadata.GetString(reference.Name)}"
                    : $"{metadata.GetString(reference.Namespace)}.{metadata.GetString(reference.Name)}";
            case HandleKind.TypeSpecification:
                var signature = metadata.GetBlobReader(metadata.GetTypeSpecification((TypeSpecificationHandle)type).Signature);
                if (signature.ReadSignatureTypeCode() != SignatureTypeCode.GenericTypeInstance) return null;
                signature.ReadByte(); // class or value type
                return NameOf(metadata, signature.ReadTypeHandle());
            default:
                return null;
        }
    }

    private static string NameOf(MetadataReader metadata, TypeDefinitionHandle handle)
    {
        var type = metadata.GetTypeDefinition(handle);
        return type.GetDeclaringType() is { IsNil: false } outer
            ? $"{NameOf(metadata, outer)}.{metadata.GetString(type.Name)}"
            : $"{metadata.GetString(type.Namespace)}.{metadata.GetString(type.Name)}";
    }
}
