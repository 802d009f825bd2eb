namespace MartenReader;

/// <summary>A room as this application sees it: folded by Marten, at any version or time, and kept by its daemon.</summary>
public sealed partial class Room
{
    /// <summary>The stream: <c>room-NAME</c>.</summary>
    public string Id { get; set; } = "";

    public string Name { get; set; } = "";
    public string Node { get; set; } = "";
    public ulong Epoch { get; set; }
    public int Moves { get; set; }
    public bool IsClosed { get; set; }
    public List<string> Present { get; set; } = [];

    public void Apply(RoomCreated created)
    {
        // A name that comes back is the same stream, and another room.
        (Name, Node, Epoch, Moves, IsClosed) = (created.Room, "", 0, 0, false);
        Present.Clear();
    }

    public void Apply(RoomPlaced placed)
    {
        if (Node.Length > 0) Moves++;
        (Node, Epoch) = (placed.Node, placed.Epoch);
    }

    public void Apply(RoomClosed closed) => (IsClosed, Node) = (true, "");

    public void Apply(ParticipantJoined joined) => Present.Add(joined.Identity);

    public void Apply(ParticipantLeft left) => Present.Remove(left.Identity);

    public override string ToString() =>
        $"{Name}: {(IsClosed ? "closed" : $"on {Node} under epoch {Epoch}")}, {Moves} moves, present: {string.Join(' ', Present)}";
}
