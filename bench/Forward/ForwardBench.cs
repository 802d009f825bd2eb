using System.Net;
using System.Text.Json;
using VideoScale.Bench.Machine;
using VideoScale.MediaNode.Host.Srtp;

namespace VideoScale.Bench.Forward;

internal sealed record ForwardBenchOptions(int Subscribers, int Burst, int PacketOctets, double CpuSeconds, int Rounds, IPAddress? Remote, string Path, string ResultsFile);

internal enum Sending { None, Managed, Batched, Segmented }

/// <summary>One way through the node.</summary>
internal sealed record Way(SrtpProfile Profile, AeadKind Aead, Sending Sending)
{
    public string Cipher => Profile is SrtpProfile.Aes128CmSha1Tag80 ? "AES-CM/SHA1" : $"GCM {Aead}";
}

/// <param name="Rounds">Turns of each way; the median stands here.</param>
internal sealed record ForwardReport(DateTimeOffset Date, MachineFacts Machine, int Subscribers, int Burst, int PacketOctets, double CpuSeconds, int Rounds, IReadOnlyList<WayResult> Ways);

/// <param name="DeliveredShare">Of what was sent, what the receivers took; null where they run elsewhere, or nothing was sent.</param>
internal sealed record WayResult(string Cipher, string Sending, double PacketsPerCpuSecond, double NanosecondsPerPacket, double AllocatedOctetsPerPacket, double? DeliveredShare, double DroppedShare);

/// <summary>Every way in turn, so that the machine's moods fall on all alike.</summary>
internal static class ForwardBench
{
    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true };

    public static void Run(ForwardBenchOptions options)
    {
        using var drain = options.Remote is null ? new Drain(IPAddress.Loopback, 0) : null;
        var destinations = Enumerable.Range(0, Drain.Sockets)
            .Select(i => new IPEndPoint(options.Remote ?? IPAddress.Loopback, drain is null ? Drain.FirstRemotePort + i : drain.Ports[i])).ToList();
        var ways = Ways().ToList();
        var runs = ways.ToDictionary(way => way, _ => new List<WayResult>());
        for (var round = 0; round < options.Rounds; round++)
            foreach (var way in ways) runs[way].Add(new ForwardRun(options, way, destinations).Measure(drain));
        var medians = ways.Select(way => runs[way].OrderBy(run => run.PacketsPerCpuSecond).ElementAt(runs[way].Count / 2)).ToList();
        Print(options, medians);
        Keep(options, medians);
    }

    /// <summary>The file holds a report for each path to the receivers; this run replaces its own.</summary>
    private static void Keep(ForwardBenchOptions options, List<WayResult> medians)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(options.ResultsFile))!);
        var reports = File.Exists(options.ResultsFile) ? JsonSerializer.Deserialize<SortedDictionary<string, ForwardReport>>(File.ReadAllText(options.ResultsFile), Json)! : [];
        reports[options.Path] = new ForwardReport(DateTimeOffset.UtcNow, MachineFacts.Read(), options.Subscribers, options.Burst, options.PacketOctets, options.CpuSeconds, options.Rounds, medians);
        File.WriteAllText(options.ResultsFile, JsonSerializer.Serialize(reports, Json));
    }

    private static IEnumerable<Way> Ways()
    {
        AeadKind[] kinds = IntrinsicsGcm.IsSupported ? [AeadKind.Managed, AeadKind.Evp, AeadKind.Intrinsics] : [AeadKind.Managed, AeadKind.Evp];
        foreach (var kind in kinds)
            foreach (var sending in Enum.GetValues<Sending>())
                if (sending is not Sending.Managed || kind is AeadKind.Managed) yield return new Way(SrtpProfile.Aes128Gcm, kind, sending);
        yield return new Way(SrtpProfile.Aes128CmSha1Tag80, AeadKind.Best, Sending.None);
        yield return new Way(SrtpProfile.Aes128CmSha1Tag80, AeadKind.Best, Sending.Segmented);
    }

    private static void Print(ForwardBenchOptions options, List<WayResult> results)
    {
        Console.WriteLine($"1 publication to {options.Subscribers} subscribers, {options.Burst} packets of {options.PacketOctets} octets a frame, over {options.Path}; median of {options.Rounds}");
        Console.WriteLine($"{"cipher",-16} {"sending",-10} {"packets per CPU-second",22} {"ns/packet",10} {"octets allocated",16} {"delivered",10}");
        foreach (var r in results)
            Console.WriteLine($"{r.Cipher,-16} {r.Sending,-10} {r.PacketsPerCpuSecond,22:N0} {r.NanosecondsPerPacket,10:N0} {r.AllocatedOctetsPerPacket,16:N2} {r.DeliveredShare?.ToString("P1") ?? "-",10}");
    }
}
