namespace VideoScale.Consensus.Etcd.Rules;

/// <summary>Faults of etcd's own that no care of ours makes up for, by the change logs of its releases.</summary>
internal static class KnownFaults
{
    private static readonly Version Durable34 = new(3, 4, 22);
    private static readonly Version Durable35 = new(3, 5, 6);

    /// <returns>What may happen and from which version on it does not; null when nothing is known.</returns>
    internal static string? Of(Version version)
    {
        if (version < Durable34)
            return $"etcd {version} may lose what a member that is alone acknowledged, or restore its users wrongly: take {Durable34} or "
                + "later";
        if (version >= new Version(3, 5) && version < Durable35)
            return $"etcd {version} may leave its members with different data after a crash: take {Durable35} or later";
        return null;
    }
}
