using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace VideoScale.ControlPlane.Fields;

/// <summary>Writes fields as one JSON object: numbers as numbers, bytes as base64, hashes as hex.</summary>
public sealed class JsonFieldSink(Utf8JsonWriter json) : FieldSink
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    protected override bool IsText => true;
    public override void Text(string name, string value) => json.WriteString(name, value);
    public override void Number(string name, ulong value) => json.WriteNumber(name, value);
    public override void Signed(string name, long value) => json.WriteNumber(name, value);
    public override void Flag(string name, bool value) => json.WriteBoolean(name, value);
    public override void Bytes(string name, ReadOnlySpan<byte> value) => json.WriteBase64String(name, value);
    public override void Hash(string name, UInt128 value) => json.WriteString(name, value.ToString("x32", CultureInfo.InvariantCulture));
    protected override void Octet(string name, byte value) => json.WriteNumber(name, (uint)value);
    public override void BeginList(string name, int count) => json.WriteStartArray(name);
    public override void EndList() => json.WriteEndArray();
    public override void BeginItem() => json.WriteStartObject();
    public override void EndItem() => json.WriteEndObject();

    /// <summary>Renders what <paramref name="describe"/> says as one JSON object.</summary>
    public static string Render(Action<FieldSink> describe)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, Options))
        {
            writer.WriteStartObject();
            describe(new JsonFieldSink(writer));
            writer.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
