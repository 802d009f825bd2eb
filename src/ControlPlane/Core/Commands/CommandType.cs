namespace VideoScale.ControlPlane.Commands;

/// <summary>Numbers of commands in the log. Append only. A replica that meets an unknown one stops before applying it.</summary>
public enum CommandType : ushort
{
    CreateRoom = 1,
    AssignRoom = 2,
    RevokeRoom = 3,
    ReleaseRoom = 4,
    ExpireOwnership = 5,
    CloseRoom = 6,
    CloseEmptyRoom = 7,
    MoveRoom = 8,
    RecordPlacementFailure = 9,
    OpenRoom = 10,
    UpdateRoom = 11,

    Admit = 20,
    ReportPresence = 21,
    RemoveParticipant = 22,
    SetRole = 23,
    ExpireSeat = 24,

    RegisterNode = 40,
    SuspectNode = 41,
    RecoverNode = 42,
    DeclareNodeLost = 43,
    CordonNode = 44,
    UncordonNode = 45,
    DeregisterNode = 46,
    LeaveNode = 47,
    RecordDrainBlocked = 48,
    SetDrainDeadline = 49,

    BeginDrain = 60,
    CancelDrain = 61,
    TimeOutDrain = 62,
    CompleteDrain = 63,

    RecordLeadership = 80,
    MarkCheckpoint = 81,
    CommitCheckpoint = 82,
    SetLease = 83,
    RaiseRulesVersion = 84,
    RaiseRecoveryGeneration = 85,
    RecordDivergence = 86,
    RecordRejection = 87,
    RequestMemberChange = 88,
    SealLog = 89,

    AddWebhook = 100,
    AdvanceWebhook = 101,
    ReplayWebhook = 102,
    ForgetWebhook = 103,
    ReportSessions = 104,
}
