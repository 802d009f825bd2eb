using VideoScale.ControlPlane.Commands;
using VideoScale.Rpc;

namespace VideoScale.ControlPlane.Host.Api;

/// <summary>Callers as the event log names them.</summary>
internal static class Actors
{
    private static readonly Actor Development = Make(Caller.Development);

    internal static Actor Of(Caller caller) => ReferenceEquals(caller, Caller.Development) ? Development : Make(caller);

    /// <summary>A loop of the leader.</summary>
    internal static Actor Loop(string name) => new(name, "system", "internal");

    private static Actor Make(Caller caller) =>
        new(caller.Subject, caller.Role == Role.Node ? "node" : caller.Role == Role.Replica ? "system" : "operator",
        caller.AuthMethod switch
        {
            AuthMethod.Token => "token",
            AuthMethod.MutualTls => "mtls",
            AuthMethod.Development => "development",
            _ => "internal"
        });
}
