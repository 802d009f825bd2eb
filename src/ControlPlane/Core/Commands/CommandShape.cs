using VideoScale.ControlPlane.Canonical;

namespace VideoScale.ControlPlane.Commands;

/// <summary>Reads a command's fields in the order in which <see cref="DomainCommand.Describe"/> names them.</summary>
public delegate DomainCommand CommandReader(ref CanonicalReader reader);

/// <summary>
/// One type of command: its number, and how its fields are read. Declared in the command's record, beside what writes it.
/// </summary>
public sealed class CommandShape(CommandType type, CommandReader read)
{
    public CommandType Type { get; } = type;
    public CommandReader Read { get; } = read;
}
