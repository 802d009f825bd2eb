namespace VideoScale.ControlPlane.Commands;

/// <summary>Who asked.</summary>
/// <param name="Subject">E.g. the name of an API token, a node id, or a leader loop.</param>
public sealed record Actor(string Subject, ActorKind Kind, ActorAuthMethod AuthMethod)
{
    public static readonly Actor System = Loop("leader");

    /// <summary>A loop of the leader.</summary>
    public static Actor Loop(string name) => new(name, ActorKind.System, ActorAuthMethod.Internal);
}

/// <summary>What an actor is, as one word in log entries, events and on the wire.</summary>
/// <remarks>A word of another version is kept as it is, so that what is written anew has the bytes that were read.</remarks>
public sealed record ActorKind
{
    public static readonly ActorKind Operator = new("operator");
    public static readonly ActorKind Node = new("node");

    /// <summary>A replica, by itself or as leader.</summary>
    public static readonly ActorKind System = new("system");

    private static readonly ActorKind[] Known = [Operator, Node, System];

    private ActorKind(string word) => Word = word;

    public string Word { get; }
    public override string ToString() => Word;

    public static ActorKind Of(string word)
    {
        foreach (var kind in Known)
            if (kind.Word == word) return kind; // of every command that is read: nothing is made
        return new(word);
    }
}

/// <summary>How an actor proved who it is, as one word in log entries, events and on the wire.</summary>
/// <remarks><inheritdoc cref="ActorKind"/></remarks>
public sealed record ActorAuthMethod
{
    public static readonly ActorAuthMethod Token = new("token");
    public static readonly ActorAuthMethod MutualTls = new("mtls");

    /// <summary>Nobody asked it to: development mode on loopback.</summary>
    public static readonly ActorAuthMethod Development = new("development");

    /// <summary>It is a replica's own.</summary>
    public static readonly ActorAuthMethod Internal = new("internal");

    /// <summary>Whoever has the data directory at hand, while no replica runs on it.</summary>
    public static readonly ActorAuthMethod Offline = new("offline");

    private static readonly ActorAuthMethod[] Known = [Token, MutualTls, Development, Internal, Offline];

    private ActorAuthMethod(string word) => Word = word;

    public string Word { get; }
    public override string ToString() => Word;

    public static ActorAuthMethod Of(string word)
    {
        foreach (var method in Known)
            if (method.Word == word) return method;
        return new(word);
    }
}
