using System.Collections.Immutable;
using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Fields;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Webhooks;

/// <summary>How far a receiver of webhooks is. Immutable: a change replaces it.</summary>
/// <param name="Id">Derived from the whole URL, so that a secret in it stands nowhere.</param>
/// <param name="Url">As it may be shown: without what may be secret.</param>
/// <param name="Position">What events up to here gave rise to was taken by the receiver, is a dead letter, or waits in
/// <paramref name="Held"/>.</param>
/// <param name="Delivered">Messages that were taken, repeats counted once where the position tells.</param>
/// <param name="Held">Rooms whose next message fails while others go through; in order of their names.</param>
/// <param name="Dead">Messages that were given up, or are being replayed; in the order in which they were given up.</param>
public sealed record WebhookRecord(
    string Id, string Url, ulong Position, ulong Delivered, ImmutableArray<HeldRoom> Held, ImmutableArray<DeadLetter> Dead)
{
    public const int MaxWebhooks = 16;
    public const int MaxIdLength = 32;
    public const int MaxUrlLength = 512;
    public const int MaxHeld = 256;

    /// <summary>With so many nothing more is given up: the receiver is waited for.</summary>
    public const int MaxDead = 1_000;

    public void Describe(FieldSink sink)
    {
        sink.Text("webhook", Id);
        sink.Text("url", Url);
        sink.Number("position", Position);
        sink.Number("delivered", Delivered);
        HeldRoom.Describe(sink, Held);
        DeadLetter.Describe(sink, Dead);
    }

    public static WebhookRecord Read(ref CanonicalReader r) =>
        new(r.ReadString(), r.ReadString(), r.ReadUInt64(), r.ReadUInt64(), HeldRoom.ReadAll(ref r), DeadLetter.ReadAll(ref r));
}

/// <summary>A room that the position has gone past: from this event on its messages are still to come.</summary>
public readonly record struct HeldRoom(RoomId Room, ulong FromSeq)
{
    internal static void Describe(FieldSink sink, ImmutableArray<HeldRoom> rooms)
    {
        sink.BeginList("held", rooms.Length);
        foreach (var held in rooms)
        {
            sink.BeginItem();
            sink.Room(held.Room);
            sink.Number("from_seq", held.FromSeq);
            sink.EndItem();
        }
        sink.EndList();
    }

    internal static ImmutableArray<HeldRoom> ReadAll(ref CanonicalReader reader)
    {
        var rooms = new HeldRoom[reader.ReadCount(WebhookRecord.MaxHeld)];
        for (var i = 0; i < rooms.Length; i++) rooms[i] = new(reader.ReadRoom(), reader.ReadUInt64());
        return [.. rooms];
    }
}

/// <summary>Names a message: the event it comes of, and its place among those of that event, from 0.</summary>
public readonly record struct MessageRef(ulong Seq, uint Part) : IComparable<MessageRef>
{
    public int CompareTo(MessageRef other) => Seq != other.Seq ? Seq.CompareTo(other.Seq) : Part.CompareTo(other.Part);

    internal static void Describe(FieldSink sink, string name, ImmutableArray<MessageRef> messages)
    {
        sink.BeginList(name, messages.Length);
        foreach (var message in messages)
        {
            sink.BeginItem();
            sink.Number("event_seq", message.Seq);
            sink.Number("part", message.Part);
            sink.EndItem();
        }
        sink.EndList();
    }

    internal static ImmutableArray<MessageRef> ReadAll(ref CanonicalReader reader)
    {
        var messages = new MessageRef[reader.ReadCount(WebhookRecord.MaxDead)];
        for (var i = 0; i < messages.Length; i++) messages[i] = new(reader.ReadUInt64(), reader.ReadUInt32());
        return [.. messages];
    }
}

/// <summary>A message that was given up.</summary>
/// <param name="Event">LiveKit's word for what happened.</param>
/// <param name="Error">Why it was not taken, the last time.</param>
/// <param name="IsReplayed">It is being sent again.</param>
public sealed record DeadLetter(MessageRef Message, RoomId Room, string Event, ulong Attempts, string Error, bool IsReplayed)
{
    public const int MaxErrorLength = 200;

    internal static void Describe(FieldSink sink, ImmutableArray<DeadLetter> letters)
    {
        sink.BeginList("dead", letters.Length);
        foreach (var letter in letters)
        {
            sink.BeginItem();
            sink.Number("event_seq", letter.Message.Seq);
            sink.Number("part", letter.Message.Part);
            sink.Room(letter.Room);
            sink.Text("event", letter.Event);
            sink.Number("attempts", letter.Attempts);
            sink.Text("error", letter.Error);
            sink.Flag("is_replayed", letter.IsReplayed);
            sink.EndItem();
        }
        sink.EndList();
    }

    internal static ImmutableArray<DeadLetter> ReadAll(ref CanonicalReader reader)
    {
        var letters = new DeadLetter[reader.ReadCount(WebhookRecord.MaxDead)];
        for (var i = 0; i < letters.Length; i++)
            letters[i] = new(new(reader.ReadUInt64(), reader.ReadUInt32()), reader.ReadRoom(), reader.ReadString(), reader.ReadUInt64(),
                reader.ReadString(), reader.ReadBool());
        return [.. letters];
    }
}
