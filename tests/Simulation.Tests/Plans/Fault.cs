namespace VideoScale.Simulation.Plans;

/// <summary>What can be done to a cluster. Those that name a leader find it when their time has come.</summary>
internal enum FaultKind
{
    CutOneWay, Isolate, IsolateLeader, DeafLeader, MuteLeader, Halves, Sides, Clog,
    Crash, CrashLeader, CrashAll, Restart,
    Pause, PauseLeader, FreezeLeader,
    SlowDisk, StallDisks, Rot, Wipe, LoseLog,
    ClockStep, ClockFarOff,
    Transfer,
    Members,
    NodeCut, NodeDeaf, NodeMute, NodeSlow, NodePause, NodeCrash, NodeClockStep, NodeDrain, NodeCordon,
}

/// <summary>Kinds of trouble that a run can be had without, or with alone.</summary>
internal enum FaultClass { Network, Partition, Crash, Pause, Disk, Clock, Members, Transfer }

/// <summary>One fault at one time. Kept apart from the run's chance, so that a failing run can be cut down fault by fault.</summary>
/// <param name="AtMs">Simulated time, as <paramref name="ForMs"/>.</param>
/// <param name="Where">Slot of a replica, or number of a media node.</param>
/// <param name="Other">A second slot; for <see cref="FaultKind.Members"/> the voters, a bit for each slot; for
/// <see cref="FaultKind.FreezeLeader"/> the media nodes on its side.</param>
/// <param name="Amount">For <see cref="FaultKind.FreezeLeader"/> milliseconds that it is frozen. For <see cref="FaultKind.Members"/> the
/// learners; for <see cref="FaultKind.LoseLog"/> 1 when the whole directory is as new; for a clock that is off or slow lines milliseconds;
/// for <see cref="FaultKind.Sides"/> who is on one side, a bit for each machine, replicas first.</param>
internal sealed record Fault(long AtMs, FaultKind Kind, int Where, int Other, long ForMs, long Amount)
{
    public FaultClass Class => Kind switch
    {
        FaultKind.CutOneWay or FaultKind.Isolate or FaultKind.IsolateLeader or FaultKind.DeafLeader or FaultKind.MuteLeader
            or FaultKind.Halves or FaultKind.Sides or FaultKind.Clog
            or FaultKind.NodeCut or FaultKind.NodeDeaf or FaultKind.NodeMute or FaultKind.NodeSlow => FaultClass.Partition,
        FaultKind.Crash or FaultKind.CrashLeader or FaultKind.CrashAll or FaultKind.Restart or FaultKind.NodeCrash => FaultClass.Crash,
        FaultKind.Pause or FaultKind.PauseLeader or FaultKind.FreezeLeader or FaultKind.NodePause => FaultClass.Pause,
        FaultKind.SlowDisk or FaultKind.StallDisks or FaultKind.Rot or FaultKind.Wipe or FaultKind.LoseLog => FaultClass.Disk,
        FaultKind.ClockStep or FaultKind.ClockFarOff or FaultKind.NodeClockStep => FaultClass.Clock,
        FaultKind.Members or FaultKind.NodeDrain or FaultKind.NodeCordon => FaultClass.Members,
        _ => FaultClass.Transfer,
    };

    public override string ToString() => $"{AtMs} ms {Kind} {Where} {Other} for {ForMs} ms ({Amount})";
}
