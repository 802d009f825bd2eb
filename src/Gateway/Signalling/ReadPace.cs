using VideoScale.Model;

namespace VideoScale.Gateway.Signalling;

/// <summary>
/// How fast a client's requests are read: one that floods waits for itself, in its own socket's buffers, and costs the others nothing.
/// </summary>
internal sealed class ReadPace
{
    /// <summary>Offers, the largest metadata and attributes a few times over.</summary>
    internal const int BurstBytes = 8 << 20;
    internal const int BytesPerSecond = 512 * 1024;

    /// <summary>
    /// What the smallest one is counted as: each is numbered, kept, carried to the node and answered, however little it says.
    /// </summary>
    internal const int LeastBytes = 2 * 1024;

    private readonly ByteBucket _bucket = new(BurstBytes, BytesPerSecond);

    /// <summary>How long to wait before more is read.</summary>
    /// <param name="bytes">Of the request, or the part of one, that was read.</param>
    /// <param name="nowMs">Milliseconds of any clock that does not go back.</param>
    internal TimeSpan Read(int bytes, long nowMs) => _bucket.Take(Math.Max(bytes, LeastBytes), nowMs);
}
