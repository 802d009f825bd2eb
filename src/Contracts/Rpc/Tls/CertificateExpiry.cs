namespace VideoScale.Rpc;

/// <summary>Until when a process's certificate holds.</summary>
/// <param name="Name">Whose: the process's own, or its authority's when that one ends first.</param>
/// <param name="From">UTC.</param>
/// <param name="Until">UTC.</param>
public readonly record struct CertificateExpiry(string Name, DateTime From, DateTime Until)
{
    private static readonly TimeSpan LongestWarning = TimeSpan.FromDays(30);

    /// <summary>Warned of this long before: 30 days, or a third of its life where that is shorter.</summary>
    public TimeSpan WarnBefore => TimeSpan.FromTicks(Math.Min(LongestWarning.Ticks, (Until - From).Ticks / 3));

    /// <summary>Negative once it has ended.</summary>
    public double SecondsLeft(DateTimeOffset now) => (Until - now.UtcDateTime).TotalSeconds;

    /// <returns>A line for whoever runs the process; null while there is time.</returns>
    public string? Warning(DateTimeOffset now)
    {
        var left = Until - now.UtcDateTime;
        if (left > WarnBefore) return null;
        var when = $"{Until:yyyy-MM-dd HH:mm} UTC";
        return left <= TimeSpan.Zero
            ? $"the certificate of \"{Name}\" expired on {when}: new connections are refused"
            : $"the certificate of \"{Name}\" expires on {when}, in "
                + $"{(left.TotalDays >= 2 ? $"{(int)left.TotalDays} days" : $"{Math.Ceiling(left.TotalHours)} hours")}";
    }
}
