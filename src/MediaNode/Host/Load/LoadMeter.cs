using VideoScale.MediaNode.Host.Ownership;
using VideoScale.MediaNode.Host.Sessions;

namespace VideoScale.MediaNode.Host.Load;

/// <summary>
/// The load that travels with a heartbeat: the process's own CPU and memory, the rooms it holds, and the media it carries.
/// </summary>
public sealed class LoadMeter(AuthorityGate authority, SessionHost sessions)
{
    private const long NsPerMs = 1_000_000;
    private readonly CpuMeter _cpu = new(Environment.ProcessorCount);
    private readonly Lock _gate = new();

    public V1.Load Measure()
    {
        var usage = ProcessUsage.Read();
        var counts = authority.Counts();
        var traffic = sessions.Traffic;
        lock (_gate)
        {
            _cpu.Sample(authority.Clock.NowNs / NsPerMs, usage.CpuMs);
            return new V1.Load
            {
                CpuPermille = (uint)_cpu.Permille,
                CpuSlopePermillePerMinute = _cpu.SlopePermillePerMinute,
                MemoryBytes = (ulong)usage.ResidentBytes,
                Publishers = (uint)traffic.Publishers,
                Subscribers = (uint)traffic.Subscribers,
                Rooms = counts.Rooms,
                IngressKbps = (ulong)traffic.IngressKbps,
                EgressKbps = (ulong)traffic.EgressKbps,
                IngressPps = (ulong)traffic.IngressPps,
                EgressPps = (ulong)traffic.EgressPps,
                PacketQueueUs = (uint)traffic.QueueUs,
                LossPerMyriad = (uint)traffic.LossPerMyriad,
                JitterUs = (uint)traffic.JitterUs,
            };
        }
    }
}
