using VideoScale.Model;
using VideoScale.Wire;

namespace VideoScale.ControlPlane.Host.Serving;

/// <summary>
/// Whether this replica may answer: not while it shuts down, and never again once its state differed from the majority's.
/// </summary>
public sealed class ServingGate
{
    private volatile string? _quarantine;
    private volatile bool _stopping;

    public bool IsQuarantined => _quarantine is not null;
    public bool IsOpen => !_stopping && _quarantine is null;

    public void Quarantine(string reason) => _quarantine ??= reason;
    public void BeginShutdown() => _stopping = true;

    /// <summary>Refuses the call with UNAVAILABLE when this replica may not answer.</summary>
    public void Check()
    {
        if (_quarantine is { } reason)
            throw Failure.Unavailable($"this replica is quarantined: {reason}; ask another one").ToRpcException();
        if (_stopping) throw Failure.Unavailable("this replica is stopping; ask another one with the same request_id").ToRpcException();
    }
}
