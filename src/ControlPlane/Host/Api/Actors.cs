using VideoScale.ControlPlane.Commands;
using VideoScale.Rpc;

namespace VideoScale.ControlPlane.Host.Api;

/// <summary>Callers as the event log names them.</summary>
internal static class Actors
{
    private static readonly Actor Development = Make(Caller.Development);

    internal static Actor Of(Caller caller) => ReferenceEquals(caller, Caller.Development) ? Development : Make(caller);

    private static Actor Make(Caller caller) => new(caller.Subject, KindOf(caller.Role), MethodOf(caller.AuthMethod));

    private static ActorKind KindOf(Role role) => role switch
    {
        Role.Node => ActorKind.Node,
        Role.Replica => ActorKind.System,
        _ => ActorKind.Operator,
    };

    private static ActorAuthMethod MethodOf(AuthMethod method) => method switch
    {
        AuthMethod.Token => ActorAuthMethod.Token,
        AuthMethod.MutualTls => ActorAuthMethod.MutualTls,
        AuthMethod.Development => ActorAuthMethod.Development,
        _ => ActorAuthMethod.Internal,
    };
}
