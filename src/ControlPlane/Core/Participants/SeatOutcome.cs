using VideoScale.Model;

namespace VideoScale.ControlPlane.Participants;

/// <summary>A seat as an answer shows it.</summary>
public sealed record SeatOutcome(ParticipantIdentity Identity, ParticipantRole Role, SeatStatus Status, ulong SeatId, long AdmittedAtMs)
{
    public static readonly SeatOutcome None = new(new(""), ParticipantRole.None, SeatStatus.None, 0, 0);
}
