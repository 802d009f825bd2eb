namespace VideoScale.ControlPlane.Commands;

/// <summary>Names one outside request, so that a retry gets the first answer. The subject is the actor's.</summary>
/// <param name="Method">E.g. "CreateRoom".</param>
/// <param name="RequestId">Chosen by the caller, 1 to 64 characters.</param>
/// <param name="BodyFingerprint">Hash of the request's body: the same id with another body is refused.</param>
public sealed record RequestKey(string Method, string RequestId, UInt128 BodyFingerprint);
