using VideoScale.ControlPlane.Audit;

namespace VideoScale.Export.Writing;

/// <summary>How far the database is, and whose it is to write: the row of vs_export_checkpoint.</summary>
/// <param name="ClusterId">32 hex digits.</param>
/// <param name="Epoch">The leader's term.</param>
/// <param name="Chain">Of the log, after the last event.</param>
internal sealed record ExportMark(string ClusterId, ulong Epoch, ulong LastSeq, Hash256 Chain, string Exporter)
{
    /// <summary>Nobody has exported yet.</summary>
    internal static ExportMark None { get; } = new("", 0, 0, Hash256.Zero, "");
}
