using System.Globalization;
using VideoScale.Consensus;
using VideoScale.V1;

namespace VideoScale.ControlPlane.Host.Api;

internal static class ConsistencyMapping
{
    internal static ReadMode ToReadMode(this Consistency consistency) => consistency switch
    {
        Consistency.Unspecified or Consistency.Linearizable => ReadMode.Linearizable,
        Consistency.Stale => ReadMode.Stale,
        _ => throw FieldRules.Broken("consistency", ((int)consistency).ToString(CultureInfo.InvariantCulture),
            "CONSISTENCY_LINEARIZABLE or CONSISTENCY_STALE"),
    };
}
