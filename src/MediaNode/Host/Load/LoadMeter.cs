using VideoScale.MediaNode.Host.Ownership;

namespace VideoScale.MediaNode.Host.Load;

/// <summary>The load that travels with a heartbeat: the process's own CPU and memory, and the seats taken.</summary>
/// <remarks>Bitrates, packet rates, queue time and loss are 0: this node carries no media.</remarks>
public sealed class LoadMeter(AuthorityGate authority)
{
    private const long NsPerMs = 1_000_000;
    private readonly CpuMeter _cpu = new(Environment.ProcessorCount);
    private readonly Lock _gate = new();

    public V1.Load Measure()
    {
        var usage = ProcessUsage.Read();
        var counts = authority.Counts();
        lock (_gate)
        {
            _cpu.Sample(authority.Clock.NowNs / NsPerMs, usage.CpuMs);
            return new V1.Load
            {
                CpuPermille = (uint)_cpu.Permille,
                CpuSlopePermillePerMinute = _cpu.SlopePermillePerMinute,
                MemoryBytes = (ulong)usage.ResidentBytes,
                Publishers = counts.Publishers,
                Subscribers = counts.Subscribers,
                Rooms = counts.Rooms,
            };
        }
    }
}
