namespace VideoScale.Rpc;

/// <summary>Who calls: for authorization here and for the actor of the events that the call causes.</summary>
/// <param name="Subject">Name of the token, node or replica.</param>
public sealed record Caller(string Subject, Role Role, AuthMethod AuthMethod)
{
    public static Caller Anonymous { get; } = new("anonymous", Role.Anonymous, AuthMethod.None);

    /// <summary>Whoever calls from loopback in development mode: everyone, also our own processes.</summary>
    public static Caller Development { get; } = new("development", Role.Admin, AuthMethod.Development);

    /// <summary>Set when a replica forwarded the call: the replica's own name.</summary>
    public string? ForwardedBy { get; init; }

    /// <summary>Only replicas speak for others; in development mode replicas have no name of their own.</summary>
    public bool MayForward => ForwardedBy is null && (Role == Role.Replica || AuthMethod == AuthMethod.Development);

    public bool Satisfies(Role required) => required switch
    {
        Role.Anonymous => true,
        Role.Viewer => Role != Role.Anonymous,
        Role.Operator or Role.Admin => Role is Role.Operator or Role.Admin && Role >= required,
        Role.Node or Role.Replica => Role == required || (AuthMethod == AuthMethod.Development && Role == Role.Admin),
        _ => false,
    };
}
