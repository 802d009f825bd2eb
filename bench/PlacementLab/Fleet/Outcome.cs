namespace VideoScale.Bench.PlacementLab.Fleet;

/// <summary>What a run came to.</summary>
/// <param name="OverloadShare">Of participant-minutes: those on a node over 85 %.</param>
/// <param name="MaxToMean">Fullest node by the mean of all, a mean over the time in which they carry something.</param>
/// <param name="MovedPerPerson">Moves that a person goes through.</param>
/// <param name="Waited">People who waited for a node for more than 5 s.</param>
/// <param name="Rejected">People who did not get in.</param>
/// <param name="MostMovesOfAPerson">Of one person, within ten minutes.</param>
internal sealed record Outcome(string Name, double OverloadShare, double MaxToMean, double NodeHours, double MovedPerPerson, int Moves,
    int Waited, int Rejected, int People, double PeakMean, int MostMovesOfAPerson, IReadOnlyList<Sample> Samples);

/// <summary>A moment of a run, for drawings.</summary>
internal readonly record struct Sample(double Hour, double Mean, double Max, int Nodes, double Load);
