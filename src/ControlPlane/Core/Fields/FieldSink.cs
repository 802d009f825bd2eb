using System.Runtime.CompilerServices;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Fields;

/// <summary>
/// Takes the fields of a command, an event or a record in their fixed order. One description serves the canonical bytes (names left out)
/// and the JSON that people read, so the two cannot drift apart.
/// </summary>
public abstract class FieldSink
{
    protected abstract bool IsText { get; }

    public abstract void Text(string name, string value);
    public abstract void Number(string name, ulong value);
    public abstract void Signed(string name, long value);
    public abstract void Flag(string name, bool value);
    public abstract void Bytes(string name, ReadOnlySpan<byte> value);

    /// <summary>A 128-bit hash or fingerprint.</summary>
    public abstract void Hash(string name, UInt128 value);
    protected abstract void Octet(string name, byte value);

    /// <summary>Followed by that many items, each between <see cref="BeginItem"/> and <see cref="EndItem"/>.</summary>
    public abstract void BeginList(string name, int count);
    public abstract void EndList();
    public abstract void BeginItem();
    public abstract void EndItem();

    /// <summary>An enum with a byte beneath: a byte in canonical bytes, its name in JSON.</summary>
    public void Choice<T>(string name, T value) where T : unmanaged, Enum
    {
        if (IsText) Text(name, value.ToString());
        else Octet(name, Unsafe.BitCast<T, byte>(value));
    }

    public void Room(RoomId value) => Text("room", value.Value);
    public void Node(NodeId value) => Text("node", value.Value);
    public void Node(string name, NodeId value) => Text(name, value.Value ?? "");
    public void Identity(ParticipantIdentity value) => Text("identity", value.Value);

    /// <summary>In JSON and in words an epoch is its uint64, as on the wire.</summary>
    public void Epoch(Epoch value) => Number("epoch", value.Value);
    public void Epoch(string name, Epoch value) => Number(name, value.Value);
}
