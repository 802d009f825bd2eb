using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Hashing;

namespace VideoScale.ControlPlane.Fields;

/// <summary>
/// Hashes entities by what they describe: the first 16 bytes of SHA-256 over their kind and canonical bytes. State sums them modulo 2^128,
/// so their order does not matter.
/// </summary>
/// <remarks>The sum finds replicas that differ by accident; forgery is what the event log's chain and Merkle tree are for.</remarks>
[SuppressMessage("Design", "CA1001", Justification = "The writer's buffer is pool memory; the collector may take it instead.")]
internal sealed class FieldHasher
{
    private readonly CanonicalWriter _writer = new();
    private readonly CanonicalFieldSink _sink;

    public FieldHasher() => _sink = new(_writer);

    /// <param name="kind">Keeps entities of two kinds apart that have the same fields.</param>
    /// <returns>Takes the fields, until <see cref="End"/>.</returns>
    public FieldSink Begin(char kind)
    {
        _writer.Reset();
        _writer.WriteByte((byte)kind);
        return _sink;
    }

    public UInt128 End()
    {
        Span<byte> hash = stackalloc byte[Sha256.SizeBytes];
        Sha256.Hash(_writer.WrittenSpan, hash);
        return BinaryPrimitives.ReadUInt128LittleEndian(hash);
    }
}
