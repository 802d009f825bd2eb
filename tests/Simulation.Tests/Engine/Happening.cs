namespace VideoScale.Simulation.Engine;

/// <summary>Kinds of things that are due at a time.</summary>
internal enum Happening : byte
{
    Tick = 1,
    Deliver = 2,
    Synced = 3,
    SnapshotStored = 4,
    SnapshotPiece = 5,
    SnapshotKept = 6,
    Fault = 7,
    FaultEnds = 8,
    Operator = 9,
    ClientActs = 10,
    Asked = 11,
    Answered = 12,
    LoopRound = 13,
    NodeBeat = 14,
    NodeHears = 15,
    LeaderHears = 16,
    Applied = 17,
}

/// <summary>One thing that is due: its kind, whom it concerns, in which life of that one, and what it carries.</summary>
internal readonly record struct Due(Happening Kind, int Who, int Life, ulong Number, object? What);
