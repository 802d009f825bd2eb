using VideoScale.Bench.PlacementLab.Day;
using VideoScale.ControlPlane.Placement;
using VideoScale.Model;

namespace VideoScale.Bench.PlacementLab.Fleet;

internal enum LabNodeStatus { Booting, Open, Leaving, Dead, Gone }

/// <summary>A media node: what it carries, and what it last said of it.</summary>
internal sealed class LabNode(int number, double cores, double nicKbps)
{
    /// <summary>System load is a mean of so long.</summary>
    private const double SystemLoadMs = 60_000;

    internal int Number { get; } = number;
    internal NodeId Id { get; } = new($"n{number:D4}");
    internal double Cores { get; } = cores;
    internal double NicKbps { get; } = nicKbps;
    internal LabNodeStatus Status { get; set; } = LabNodeStatus.Open;
    internal List<LabRoom> Rooms { get; } = [];
    internal int Participants { get; set; }
    internal RoomLoad Load { get; set; }
    internal Reservation Charged { get; set; }
    internal Reservation Actual { get; set; }
    internal long AskedAtMs { get; init; }
    internal long ReadyAtMs { get; init; }
    internal long LeavesByMs { get; set; }

    /// <summary>Share in use, in the tightest dimension; over 1 it fails people.</summary>
    internal double Use => Load.ShareOf(Cores, NicKbps);
    internal double Cpu => Math.Max(0, Load.Cores / Cores);

    /// <summary>As its last heartbeat said.</summary>
    internal double SaidCpu { get; private set; }
    internal double SaidSystemLoad { get; private set; }
    internal double SaidPps { get; private set; }
    internal RoomLoad SaidLoad { get; private set; }
    private double _systemLoad;

    /// <summary>Joins of late, for those who look at them.</summary>
    internal Queue<long> Joins { get; } = new();

    internal void Pass(long ms) => _systemLoad += (Cpu - _systemLoad) * Math.Min(1, ms / SystemLoadMs);

    internal void Say() => (SaidCpu, SaidSystemLoad, SaidPps, SaidLoad) = (Cpu, _systemLoad, Load.Pps, Load);

    internal MeasuredLoad Measured(long nowMs) => new(Permille(SaidCpu),
        (ulong)Math.Max(0, SaidLoad.IngressKbps + SaidLoad.EgressKbps), Actual.Publishers, Actual.Subscribers, nowMs);

    private static uint Permille(double share) => (uint)Math.Clamp(Math.Round(share * 1000), 0, 1000);
}
