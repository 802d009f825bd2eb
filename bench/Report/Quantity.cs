using System.Globalization;

namespace VideoScale.Bench.Report;

/// <summary>Numbers as people read them: three digits that mean something, thousands apart.</summary>
internal static class Quantity
{
    internal static string Of(double value) => value == 0 ? "0" : Math.Abs(value) switch
    {
        >= 100 => value.ToString("N0", CultureInfo.InvariantCulture),
        >= 10 => value.ToString("0.#", CultureInfo.InvariantCulture),
        >= 1 => value.ToString("0.##", CultureInfo.InvariantCulture),
        >= 0.001 => value.ToString("0.####", CultureInfo.InvariantCulture),
        _ => value.ToString("0.#E+0", CultureInfo.InvariantCulture),
    };

    /// <summary>How often the one is in the other.</summary>
    internal static string Ratio(double ratio) => $"{Of(ratio)} ×";
}
