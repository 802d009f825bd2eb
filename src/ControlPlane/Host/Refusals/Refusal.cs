using VideoScale.ControlPlane.Commands;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Host.Refusals;

/// <summary>Who asked for what and was refused.</summary>
/// <param name="Stream">Of what it was about, should that be there.</param>
/// <param name="Others">So many more refusals of this caller came before it and were not recorded one by one.</param>
public sealed record Refusal(
    Actor Actor, string Method, Failure Failure, string Stream = Refusal.Cluster,
    string RequestId = "", string Traceparent = "", uint Others = 0)
{
    public const string Cluster = "cluster";

    public static Refusal Of(CommandEnvelope envelope, Failure failure)
    {
        var (method, requestId) = (envelope.Request?.Method ?? "", envelope.Request?.RequestId ?? "");
        return new(envelope.Actor, method, failure, envelope.Command.Subject, requestId, envelope.Traceparent);
    }

    /// <summary>What was malformed is about nothing, and what was not decided was not refused.</summary>
    public bool IsWorthRecording => Failure.Code is FailureCode.NotFound or FailureCode.AlreadyExists or FailureCode.FailedPrecondition
        or FailureCode.ResourceExhausted or FailureCode.PermissionDenied;

    public string Words => Others == 0 ? Failure.Message : $"{Failure.Message} ({Others} more refusals of this caller came before it)";
}
