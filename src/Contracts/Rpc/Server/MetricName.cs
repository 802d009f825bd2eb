namespace VideoScale.Rpc;

/// <summary>
/// What a figure is called at /metrics is what the code and the pages call it: the exporter puts the meter's name before an instrument's,
/// so all of our instruments belong to meters of one name, which is the first part of theirs.
/// </summary>
public static class MetricName
{
    public const string Meter = "VideoScale";
    private const string Prefix = "videoscale_";

    /// <param name="exported">As at /metrics.</param>
    /// <returns>Of the instrument.</returns>
    public static string InstrumentOf(string exported)
    {
        ArgumentNullException.ThrowIfNull(exported);
        return exported.StartsWith(Prefix, StringComparison.Ordinal) ? exported[Prefix.Length..]
            : throw new ArgumentException($"\"{exported}\" does not begin with {Prefix}", nameof(exported));
    }
}
