using VideoScale.ControlPlane.Canonical;

namespace VideoScale.ControlPlane.Fields;

/// <summary>Writes fields as canonical bytes: values only, in order.</summary>
public sealed class CanonicalFieldSink(CanonicalWriter writer) : FieldSink
{
    protected override bool IsText => false;
    public override void Text(string name, string value) => writer.WriteString(value);
    public override void Number(string name, ulong value) => writer.WriteUInt64(value);
    public override void Signed(string name, long value) => writer.WriteInt64(value);
    public override void Flag(string name, bool value) => writer.WriteBool(value);
    public override void Bytes(string name, ReadOnlySpan<byte> value) => writer.WriteBytes(value);
    public override void Hash(string name, UInt128 value) => writer.WriteUInt128(value);
    protected override void Octet(string name, byte value) => writer.WriteByte(value);
    public override void BeginList(string name, int count) => writer.WriteCount(count);
    public override void EndList() { }
    public override void BeginItem() { }
    public override void EndItem() { }
}
