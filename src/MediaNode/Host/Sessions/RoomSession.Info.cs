using LiveKit.Proto;
using VideoScale.V1;
using Room = LiveKit.Proto.Room;

namespace VideoScale.MediaNode.Host.Sessions;

/// <summary>
/// What clients are told of the room itself: its settings come from the log, by way of the gateways; who is in it is counted here.
/// </summary>
internal sealed partial class RoomSession
{
    /// <summary>Counts that changed are told so often at most, in milliseconds (as LiveKit does).</summary>
    internal const long CountsPeriodMs = 5_000;

    private ulong _version = version;
    private (uint, uint, bool) _toldCounts;
    private long _toldAtMs = Environment.TickCount64;

    internal Room Info { get; private set; } = info;

    /// <summary>What a gateway knows of the room. Several tell the same, and one may be behind: the newest holds.</summary>
    /// <param name="version">event_seq of the last change.</param>
    internal void Describe(Room info, ulong version)
    {
        if (version <= _version) return;
        (Info, _version) = (info, version);
        Counted();
        TellInfo(Environment.TickCount64);
    }

    /// <summary>From a gateway that knows nothing of versions.</summary>
    internal void SetMetadata(string metadata)
    {
        Info.Metadata = metadata;
        TellInfo(Environment.TickCount64);
    }

    /// <summary>Tells counts that have changed, when it is time to.</summary>
    internal void TellCounts(long nowMs)
    {
        if (Counts == _toldCounts) return;
        if (nowMs - _toldAtMs >= CountsPeriodMs || Info.ActiveRecording != _toldCounts.Item3) TellInfo(nowMs);
    }

    internal RoomCount ToCount() => new()
    {
        RoomId = Id.Value,
        Epoch = Epoch.Value,
        Participants = Info.NumParticipants,
        Publishers = Info.NumPublishers,
        ActiveRecording = Info.ActiveRecording,
    };

    private (uint, uint, bool) Counts => (Info.NumParticipants, Info.NumPublishers, Info.ActiveRecording);

    private void TellInfo(long nowMs)
    {
        (_toldCounts, _toldAtMs) = (Counts, nowMs);
        TellAll(new SignalResponse { RoomUpdate = new RoomUpdate { Room = Info.Clone() } });
    }

    /// <summary>LiveKit's rules: whoever serves the others does not count; whoever is only not shown does.</summary>
    private void Counted()
    {
        Info.NumParticipants = (uint)_participants.Values.Count(participant => !IsDependent(participant.Info));
        Info.NumPublishers = (uint)_participants.Values.Count(participant => participant.Info.IsPublisher);
        Info.ActiveRecording = _participants.Values.Any(participant => IsRecorder(participant.Info));
    }

    internal static bool IsDependent(ParticipantInfo participant) =>
        participant.Kind is ParticipantInfo.Types.Kind.Agent || IsRecorder(participant);

    private static bool IsRecorder(ParticipantInfo participant) =>
        participant.Kind is ParticipantInfo.Types.Kind.Egress || participant.Permission?.Recorder == true;
}
