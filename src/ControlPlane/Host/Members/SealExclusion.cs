namespace VideoScale.ControlPlane.Host.Members;

/// <summary>
/// While a replica carries out a change of members it does not propose a seal, and the other way round: a membership that came into the log
/// behind the seal would be the voters' of some replicas and not of others.
/// </summary>
internal sealed class SealExclusion
{
    private readonly Lock _gate = new();
    private int _changes;
    private int _seals;

    /// <returns>Ends the change; null while a seal is proposed.</returns>
    internal IDisposable? TryChange()
    {
        lock (_gate)
        {
            if (_seals > 0) return null;
            _changes++;
        }
        return new End(this, isSeal: false);
    }

    /// <returns>Ends the seal; null while members change.</returns>
    internal IDisposable? TrySeal()
    {
        lock (_gate)
        {
            if (_changes > 0) return null;
            _seals++; // the same request may come twice
        }
        return new End(this, isSeal: true);
    }

    private sealed class End(SealExclusion of, bool isSeal) : IDisposable
    {
        public void Dispose()
        {
            lock (of._gate)
            {
                if (isSeal) of._seals--;
                else of._changes--;
            }
        }
    }
}
