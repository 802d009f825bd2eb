using VideoScale.ControlPlane.Events;
using VideoScale.ControlPlane.Participants;
using VideoScale.ControlPlane.Rooms;

namespace VideoScale.ControlPlane.State;

public sealed partial class ClusterState
{
    /// <summary>So many events are looked at together.</summary>
    public const int MaxAhead = 16;
    private readonly RoomState?[] _ahead = new RoomState?[MaxAhead];
    private ulong _seen;

    /// <summary>
    /// Reads what the coming events will change, and changes nothing. What of it is in no cache of the processor then comes for all of them
    /// together and not for one after the other: for whoever folds a whole log, where most of the time is spent on waiting for that.
    /// </summary>
    /// <param name="coming">At most <see cref="MaxAhead"/>, of which none is folded in yet.</param>
    public void LookAhead(ReadOnlySpan<DomainEvent> coming)
    {
        for (var i = 0; i < coming.Length; i++)
        {
            _ahead[i] = coming[i] switch
            {
                ParticipantEvent participant => FindRoom(participant.Room),
                RoomEvent room => FindRoom(room.Room),
                _ => null,
            };
        }
        // Step by step: what one step reads says where the next one has to look.
        foreach (var room in _ahead.AsSpan(0, coming.Length)) _seen ^= room is null ? 0 : room.Record.CreatedSeq + room.Seats.FirstSeatId;
        foreach (var room in _ahead.AsSpan(0, coming.Length)) _seen ^= room?.Record.Owner?.Epoch.Value ?? 0;
    }
}
