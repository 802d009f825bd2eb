using System.Net;
using VideoScale.Harness.Results;
using VideoScale.MediaNode.Host.Srtp;

namespace VideoScale.Bench.Forward;

internal sealed record ForwardBenchOptions(int Subscribers, int Burst, int PacketOctets, double CpuSeconds, int Rounds, IPAddress? Remote,
    string Path, string ResultsFile);

internal enum Sending { None, Managed, Batched, Segmented }

/// <summary>One way through the node.</summary>
internal sealed record Way(SrtpProfile Profile, AeadKind Aead, Sending Sending)
{
    public string Cipher => Profile is SrtpProfile.Aes128CmSha1Tag80 ? "AES-CM/SHA1" : $"GCM {Aead}";
}

/// <param name="DeliveredShare">Of what was sent, what the receivers took; null where they run elsewhere, or nothing was sent.</param>
internal sealed record WayResult(string Cipher, string Sending, double PacketsPerCpuSecond, double NanosecondsPerPacket,
    double AllocatedOctetsPerPacket, double? DeliveredShare, double DroppedShare);

/// <summary>Every way in turn, so that the machine's moods fall on all alike.</summary>
internal static class ForwardBench
{
    public static void Run(ForwardBenchOptions options)
    {
        var recorder = RunRecorder.Begin(options.Path);
        using var drain = options.Remote is null ? new Drain(IPAddress.Loopback, 0) : null;
        var destinations = Enumerable.Range(0, Drain.Sockets)
            .Select(i => new IPEndPoint(options.Remote ?? IPAddress.Loopback, drain is null ? Drain.FirstRemotePort + i : drain.Ports[i]))
                .ToList();
        var ways = Ways().ToList();
        var runs = ways.ToDictionary(way => way, _ => new List<WayResult>());
        for (var round = 0; round < options.Rounds; round++)
            foreach (var way in ways) runs[way].Add(new ForwardRun(options, way, destinations).Measure(drain));
        var medians = ways.Select(way => runs[way].OrderBy(run => run.PacketsPerCpuSecond).ElementAt(runs[way].Count / 2)).ToList();
        Print(options, medians);
        Keep(recorder, options, ways.Select(way => runs[way]), medians);
    }

    private static void Keep(RunRecorder recorder, ForwardBenchOptions options, IEnumerable<List<WayResult>> runs, List<WayResult> medians)
    {
        recorder.Set("subscribers", options.Subscribers).Set("burst", options.Burst).Set("packet_octets", options.PacketOctets)
            .Set("cpu_seconds", options.CpuSeconds).Set("rounds", options.Rounds);
        foreach (var (turns, median) in runs.Zip(medians))
        {
            var name = $"{median.Cipher}, {(median.Sending == nameof(Sending.None) ? "not sent" : median.Sending.ToLowerInvariant())}";
            recorder.Add($"{name}: packets", [.. turns.Select(turn => turn.PacketsPerCpuSecond)], "packets/CPU s", Better.Higher)
                .Add($"{name}: allocated", median.AllocatedOctetsPerPacket, "octets/packet", Better.Lower)
                .Add($"{name}: dropped", median.DroppedShare, "share", Better.Lower);
            if (median.DeliveredShare is { } delivered) recorder.Add($"{name}: delivered", delivered, "share", Better.Higher);
        }
        recorder.KeepIn(options.ResultsFile);
    }

    private static IEnumerable<Way> Ways()
    {
        AeadKind[] kinds = IntrinsicsGcm.IsSupported ? [AeadKind.Managed, AeadKind.Evp, AeadKind.Intrinsics]
            : [AeadKind.Managed, AeadKind.Evp];
        foreach (var kind in kinds)
            foreach (var sending in Enum.GetValues<Sending>())
                if (sending is not Sending.Managed || kind is AeadKind.Managed) yield return new Way(SrtpProfile.Aes128Gcm, kind, sending);
        yield return new Way(SrtpProfile.Aes128CmSha1Tag80, AeadKind.Best, Sending.None);
        yield return new Way(SrtpProfile.Aes128CmSha1Tag80, AeadKind.Best, Sending.Segmented);
    }

    private static void Print(ForwardBenchOptions options, List<WayResult> results)
    {
        Console.WriteLine(
            $"1 publication to {options.Subscribers} subscribers, {options.Burst} packets of {options.PacketOctets} octets a frame, over "
            + $"{options.Path}; median of {options.Rounds}");
        Console.WriteLine(
            $"{"cipher",-16} {"sending",-10} {"packets per CPU-second",22} {"ns/packet",10} {"octets allocated",16} {"delivered",10}");
        foreach (var r in results)
            Console.WriteLine(
                $"{r.Cipher,-16} {r.Sending,-10} {r.PacketsPerCpuSecond,22:N0} {r.NanosecondsPerPacket,10:N0} "
                + $"{r.AllocatedOctetsPerPacket,16:N2} {r.DeliveredShare?.ToString("P1") ?? "-",10}");
    }
}
