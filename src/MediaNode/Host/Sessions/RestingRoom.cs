using VideoScale.MediaNode.Host.Udp;

namespace VideoScale.MediaNode.Host.Sessions;

/// <summary>
/// A room that leaves this node: its participants' gateways are told once the data channels of all of them rest, since until then each may
/// still say something to the others.
/// </summary>
internal sealed class RestingRoom(Action<ParticipantSession> depart)
{
    private readonly List<(ParticipantSession Participant, DataHandover? Handover)> _all = [];
    private int _waiting;

    /// <returns>False for one who has nothing to bring to rest.</returns>
    internal bool Add(ParticipantSession participant)
    {
        var at = _all.Count;
        if (!participant.RestData(handover => Rested(at, handover))) return false;
        _all.Add((participant, null));
        _waiting++;
        return true;
    }

    private void Rested(int at, DataHandover handover)
    {
        _all[at] = (_all[at].Participant, handover);
        if (--_waiting > 0) return;
        foreach (var (participant, of) in _all)
        {
            participant.TellRested(of!);
            depart(participant);
        }
    }
}
