namespace VideoScale.Rpc;

/// <summary>What a caller may do. Viewer, operator and admin form a ladder; node and replica are identities of our own processes.</summary>
public enum Role : byte
{
    /// <summary>Needs nothing: health checks.</summary>
    Anonymous = 0,
    /// <summary>Reads.</summary>
    Viewer = 1,
    /// <summary>Reads, and changes rooms and nodes.</summary>
    Operator = 2,
    /// <summary>Everything that people do.</summary>
    Admin = 3,
    /// <summary>A media node: its own services, and reads.</summary>
    Node = 4,
    /// <summary>A control-plane replica: internal services, reads, and calls forwarded for others.</summary>
    Replica = 5,
}

/// <summary>How a caller proved who it is.</summary>
public enum AuthMethod : byte
{
    None = 0,
    /// <summary>Nobody asked: development mode on loopback.</summary>
    Development = 1,
    /// <summary>An API token in the metadata.</summary>
    Token = 2,
    /// <summary>A client certificate of our authority.</summary>
    MutualTls = 3,
}

/// <summary>What a method needs, on the method or its service class. A method without it needs <see cref="Role.Admin"/>.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
public sealed class RequireRoleAttribute(Role role) : Attribute
{
    public Role Role { get; } = role;
}
