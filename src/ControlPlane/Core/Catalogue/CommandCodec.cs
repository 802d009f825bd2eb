using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Fields;

namespace VideoScale.ControlPlane.Catalogue;

/// <summary>Canonical bytes of commands: the type's number, then its fields in order.</summary>
public static class CommandCodec
{
    public static void Write(DomainCommand command, CanonicalWriter writer)
    {
        writer.WriteUInt32((uint)command.Type);
        command.Describe(new CanonicalFieldSink(writer));
    }

    /// <exception cref="UnknownCommandException">Written by a newer program: the replica stops before applying it.</exception>
    public static DomainCommand Read(ref CanonicalReader reader)
    {
        var number = reader.ReadUInt32();
        return DomainCatalogue.FindCommand(number) is { } shape ? shape.Read(ref reader) : throw new UnknownCommandException(number);
    }
}
