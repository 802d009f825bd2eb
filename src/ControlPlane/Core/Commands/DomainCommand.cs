using VideoScale.ControlPlane.Fields;

namespace VideoScale.ControlPlane.Commands;

/// <summary>What is asked of replicated state. A decider turns it into events or refuses it.</summary>
public abstract record DomainCommand
{
    public abstract CommandType Type { get; }

    /// <summary>Names the fields in their fixed order; <see cref="CommandShape.Read"/> reads them back.</summary>
    public abstract void Describe(FieldSink sink);

    /// <summary>The stream a refusal of this command is recorded in.</summary>
    public abstract string Subject { get; }
}
