using LiveKit.Proto;

namespace VideoScale.MediaNode.Host.Sessions;

/// <summary>
/// Participants in messages of bounded size: a room of people who say much of themselves must not be a message that nobody takes.
/// </summary>
internal static class ParticipantChunks
{
    internal const int MaxBytes = 512 * 1024;

    /// <summary>
    /// In order; never empty, so that the first chunk can go where there has to be one. A chunk holds one participant at least.
    /// </summary>
    internal static IReadOnlyList<IReadOnlyList<ParticipantInfo>> Of(IEnumerable<ParticipantInfo> participants)
    {
        var chunks = new List<List<ParticipantInfo>> { new() };
        var bytes = 0;
        foreach (var participant in participants)
        {
            var size = participant.CalculateSize();
            if (chunks[^1].Count > 0 && bytes + size > MaxBytes)
            {
                chunks.Add([]);
                bytes = 0;
            }
            chunks[^1].Add(participant);
            bytes += size;
        }
        return chunks;
    }
}
