using VideoScale.Model;

namespace VideoScale.ControlPlane.Webhooks;

/// <summary>One message on its way.</summary>
/// <param name="Word">LiveKit's word for what happened.</param>
/// <param name="AtMs">Log time at which it did.</param>
/// <param name="Content">Whoever sends it knows what that is.</param>
public sealed record Delivery<T>(MessageRef Message, RoomId Room, string Word, long AtMs, T Content)
{
    /// <summary>The room, or for a replayed one itself: in a lane one follows the other.</summary>
    internal Lane<T> Lane { get; set; } = null!;

    /// <summary>Null where the position is past it.</summary>
    internal WindowEntry? Entry { get; set; }
}

/// <summary>Messages of one room, of which the first alone is sent. Mutable: the outbox's own.</summary>
internal sealed class Lane<T>(RoomId room, bool isReplay)
{
    internal RoomId Room => room;

    /// <summary>It holds one dead letter that is sent again.</summary>
    internal bool IsReplay => isReplay;

    internal Queue<Delivery<T>> Waiting { get; } = new();
    internal bool IsUnderWay { get; set; }
    internal int Failures { get; set; }
    internal long FirstFailedMs { get; set; }
    internal long LastTriedMs { get; set; }
    internal long DueMs { get; set; }
    internal string Error { get; set; } = "";

    /// <summary>The position goes past it.</summary>
    internal bool IsHeld { get; set; }

    /// <summary>Of a held one: from this event on its messages are to be read from the log; 0 when it has all that were read.</summary>
    internal ulong LoadFrom { get; set; }

    /// <summary>First event that has a message which was not taken; of one that waits for nothing it does not matter.</summary>
    internal ulong FromSeq => Waiting.TryPeek(out var first) ? first.Message.Seq : LoadFrom;
}

/// <summary>The messages of one event, in the order of the log, until the position is past it.</summary>
internal sealed class WindowEntry(ulong seq, int open)
{
    internal ulong Seq => seq;

    /// <summary>Messages of it that were neither taken nor given up.</summary>
    internal int Open { get; set; } = open;

    /// <summary>Its room is held: the position need not wait for it.</summary>
    internal bool IsHeld { get; set; }
}
