namespace VideoScale.ControlPlane.Host.Replication;

/// <summary>How much a replica holds, as of the last entries applied.</summary>
/// <param name="Answers">Answers kept for retries.</param>
/// <param name="AnswerBytes">Bytes of them, as in snapshots; in memory they take about three times as much.</param>
/// <param name="OldestAnswerMs">Log time at which the oldest is dropped; 0 without any.</param>
/// <param name="Rooms">Closed ones too, while they are remembered.</param>
/// <param name="MetadataBytes">Of all rooms.</param>
public sealed record StateSize(int Answers, long AnswerBytes, long OldestAnswerMs, int Rooms, long MetadataBytes)
{
    internal static readonly StateSize Empty = new(0, 0, 0, 0, 0);
}
