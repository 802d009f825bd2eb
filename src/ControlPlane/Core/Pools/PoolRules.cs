namespace VideoScale.ControlPlane.Pools;

public static class PoolRules
{
    public const int MostPools = 64;

    /// <summary>Shorter than a name: the names of its nodes begin with it.</summary>
    public const int MaxNameLength = 40;
}
