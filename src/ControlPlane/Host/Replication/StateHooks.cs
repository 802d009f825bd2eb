namespace VideoScale.ControlPlane.Host.Replication;

/// <summary>Lets a test make one replica lie about its state, to see that it is found out.</summary>
public sealed class StateHooks
{
    private ulong _falsify;

    internal static readonly StateHooks None = new();

    /// <summary>From now on the replica's state hash differs from the truth by this much.</summary>
    public void FalsifyStateHash(ulong difference) => Volatile.Write(ref _falsify, difference);

    internal UInt128 Falsify(UInt128 hash) => hash ^ Volatile.Read(ref _falsify);
}
