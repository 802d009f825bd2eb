using VideoScale.V1;

namespace VideoScale.ControlPlane.Host.Export;

/// <summary>What an exporter is at, as one moment.</summary>
/// <param name="Term">In which this replica leads; 0 where it does not.</param>
/// <param name="Began">Timestamp of the clock: when it had the export in this term, with or without success.</param>
/// <param name="Seq">Last event that is exported; null while it is not known how far the target is.</param>
/// <param name="Problem">Why it does not export; empty when it does.</param>
/// <param name="ProblemSeq">The event that is about.</param>
internal sealed record ExportStanding(ExportState State, ulong Term, long Began, ulong? Seq, string Problem, ulong? ProblemSeq)
{
    internal static ExportStanding NotLeading { get; } = new(ExportState.StandingBy, 0, 0, null, "", null);

    /// <summary>Of a replica that has just come to lead.</summary>
    internal static ExportStanding Begins(ulong term, long began) => new(ExportState.TakingOver, term, began, null, "", null);
}
