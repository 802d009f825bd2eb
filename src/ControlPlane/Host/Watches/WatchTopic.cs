namespace VideoScale.ControlPlane.Host.Watches;

/// <summary>What a watcher wants to hear of: everything, one thing by its name, or the rooms of one node.</summary>
public readonly record struct WatchTopic
{
    private readonly Kind _kind;
    private readonly string? _name;

    private WatchTopic(Kind kind, string name) => (_kind, _name) = (kind, name);

    private enum Kind : byte { All, Named, OfNode }

    public static WatchTopic All { get; }
    public static WatchTopic Named(string name) => new(Kind.Named, name);
    public static WatchTopic OfNode(string node) => new(Kind.OfNode, node);

    /// <summary>The one thing; null when it is not about one.</summary>
    public string? OnlyName => _kind == Kind.Named ? _name : null;

    /// <summary>The node whose rooms are meant; null when it is not about a node's rooms.</summary>
    public string? Node => _kind == Kind.OfNode ? _name : null;
}
