using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using VideoScale.Harness.Results;
using VideoScale.MediaNode.Codecs;
using VideoScale.MediaNode.Forwarding;
using VideoScale.MediaNode.Host.Dtls;
using VideoScale.MediaNode.Host.Udp;
using VideoScale.MediaNode.Rtp;

namespace VideoScale.Bench.StunFlood;

internal sealed record StunFloodOptions(int PerSecond, int PacketsPerSecond, double Seconds, string ResultsFile);

/// <param name="FloodPerSecond">Forged checks sent; what of them reached the shard stands in the next.</param>
/// <param name="ShardCpuShare">CPU time of the shard's thread, of one core.</param>
/// <param name="CpuNsPerCheck">What a forged check costs that thread more than none; 0 without a flood.</param>
internal sealed record FloodPhase(string Flood, double FloodPerSecond, double HandledPerSecond, double Computed, int Answers,
    long MediaSent, double MediaLostShare, double P50Us, double P99Us, double ShardCpuShare, double CpuNsPerCheck);

/// <summary>
/// A call through a shard: one stream of packets that carry their time of sending, without and with floods of forged checks.
/// </summary>
internal static class StunFloodBench
{
    private const int PacketOctets = 900;
    private const int Track = 1;

    public static void Run(StunFloodOptions options)
    {
        var recorder = RunRecorder.Begin().Set("checks_per_second", options.PerSecond).Set("packets_per_second", options.PacketsPerSecond)
            .Set("seconds", options.Seconds);
        using var identity = new DtlsIdentity(TimeProvider.System);
        using var shard = new MediaShard(new ShardOptions(0, new IPEndPoint(IPAddress.Loopback, 0)), identity);
        shard.Start();
        using var publisher = new BenchClient(1, shard, identity.Fingerprint);
        using var subscriber = new BenchClient(2, shard, identity.Fingerprint);
        foreach (var client in new[] { publisher, subscriber })
        {
            shard.AskAsync(on => on.AddPeer(client.Transport, new PeerOptions(client.Transport.Peer, new ExtensionIds()))).GetAwaiter()
                .GetResult();
            client.Connect();
        }
        shard.AskAsync(on => on.Engine.Publish(new PublicationOptions(Track, 1, Room: 1, MediaKind.Audio, Codec.Opus, 111,
            [new LayerOptions(Ssrc: 5)]))).GetAwaiter().GetResult();
        shard.AskAsync(on => on.Engine.Subscribe(new SubscriptionOptions(1, 2, Track, 7000, 111), on.NowUs)).GetAwaiter().GetResult();
        var call = new Call(publisher, subscriber);
        call.Run(options.PacketsPerSecond, 1); // compiled
        var unknown = BenchClient.Check("nobody:anybody", "a password of enough letters");
        var known = BenchClient.Check($"{publisher.Transport.Local.UsernameFragment}:{publisher.Transport.Remote.UsernameFragment}",
            "not the password of the node");
        var quiet = Measure(shard, call, options, "no flood", null, 0);
        List<FloodPhase> phases =
        [
            quiet,
            Measure(shard, call, options, "flood of nobody we know", unknown, quiet.ShardCpuShare),
            Measure(shard, call, options, "flood in a client's name, with a wrong integrity", known, quiet.ShardCpuShare),
            Measure(shard, call, options, "no flood, again", null, 0),
        ];
        Print(options, phases);
        foreach (var phase in phases) Add(recorder, phase);
        recorder.KeepIn(options.ResultsFile);
    }

    private static FloodPhase Measure(MediaShard shard, Call call, StunFloodOptions options, string name, byte[]? check, double quietShare)
    {
        using var flood = check is null ? null : new Flood(shard.LocalEndPoint.Port, check, options.PerSecond);
        var before = shard.AskAsync(on =>
            (Handled: on.Strangers + on.ChecksRefused + on.ChecksIgnored, on.ChecksRefused, Cpu: ShardCpuNs())).GetAwaiter().GetResult();
        var began = Stopwatch.GetTimestamp();
        var result = call.Run(options.PacketsPerSecond, options.Seconds);
        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        var after = shard.AskAsync(on => (Handled: on.Strangers + on.ChecksRefused + on.ChecksIgnored, on.ChecksRefused, Cpu: ShardCpuNs()))
            .GetAwaiter().GetResult();
        flood?.Stop();
        var handled = after.Handled - before.Handled;
        var share = (after.Cpu - before.Cpu) / 1e9 / seconds;
        return new FloodPhase(name, (flood?.Sent ?? 0) / seconds, handled / seconds,
            (after.ChecksRefused - before.ChecksRefused) / (double)Math.Max(1, handled), flood?.Answers ?? 0,
            result.Sent, result.LostShare, result.P50Us, result.P99Us, share, handled == 0
                || flood is null ? 0 : (share - quietShare) * seconds * 1e9 / handled);
    }

    private static void Add(RunRecorder recorder, FloodPhase phase)
    {
        recorder.Add($"{phase.Flood}: media lost", phase.MediaLostShare, "share", Better.Lower)
            .Add($"{phase.Flood}: p50", phase.P50Us, "µs", Better.Lower)
            .Add($"{phase.Flood}: p99", phase.P99Us, "µs", Better.Lower)
            .Add($"{phase.Flood}: shard", phase.ShardCpuShare, "cores", Better.Lower);
        if (phase.FloodPerSecond == 0) return;
        recorder.Add($"{phase.Flood}: handled", phase.HandledPerSecond, "checks/s", Better.Higher)
            .Add($"{phase.Flood}: computed", phase.Computed, "share", Better.Lower)
            .Add($"{phase.Flood}: answers", phase.Answers, "datagrams", Better.Lower)
            .Add($"{phase.Flood}: cost of a check", phase.CpuNsPerCheck, "CPU ns", Better.Lower);
    }

    /// <summary>On the shard's thread: its CPU time.</summary>
    private static long ShardCpuNs() =>
        long.Parse(File.ReadAllText("/proc/thread-self/schedstat").Split(' ')[0], CultureInfo.InvariantCulture);

    private static void Print(StunFloodOptions options, List<FloodPhase> phases)
    {
        Console.WriteLine(
            $"a call of {options.PacketsPerSecond} packets/s through one shard on loopback; {options.PerSecond:N0} forged checks a "
            + $"second from one address");
        Console.WriteLine(
            $"{"flood",-44} {"checks/s",10} {"computed",9} {"media lost",10} {"p50 µs",8} {"p99 µs",8} {"shard CPU",9} {"ns/check",8}");
        foreach (var phase in phases)
            Console.WriteLine(
                $"{phase.Flood,-44} {phase.HandledPerSecond,10:N0} {phase.Computed,9:P2} {phase.MediaLostShare,10:P3} {phase.P50Us,8:N0} "
                + $"{phase.P99Us,8:N0} {phase.ShardCpuShare,9:P1} {phase.CpuNsPerCheck,8:N0}");
    }

    /// <summary>Publisher and subscriber on one thread: what was sent is waited for, up to a second at the end.</summary>
    private sealed class Call(BenchClient publisher, BenchClient subscriber)
    {
        private ushort _sequence;
        private uint _timestamp;

        public (long Sent, double LostShare, double P50Us, double P99Us) Run(int perSecond, double seconds)
        {
            var packet = new byte[PacketOctets];
            var latencies = new LatencyHistogram();
            var total = (long)(perSecond * seconds);
            var began = Stopwatch.GetTimestamp();
            long sent = 0, end = 0;
            while (latencies.Count < total && (end == 0 || Stopwatch.GetElapsedTime(end).TotalSeconds < 1))
            {
                for (; sent < total && sent < Stopwatch.GetElapsedTime(began).TotalSeconds * perSecond; sent++)
                {
                    if (sent % perSecond == 0)
                    {
                        publisher.Consent();
                        subscriber.Consent();
                    }
                    RtpHeader.WriteFixed(packet, marker: true, 111, _sequence++, _timestamp += 960, 5);
                    BinaryPrimitives.WriteInt64BigEndian(packet.AsSpan(PacketOctets - 8), Stopwatch.GetTimestamp());
                    publisher.Send(packet);
                }
                if (sent == total && end == 0) end = Stopwatch.GetTimestamp();
                publisher.Socket.Receive(0);
                for (var count = subscriber.Socket.Receive(1); count > 0; count = subscriber.Socket.Receive(0))
                    for (var i = 0; i < count; i++)
                        if (subscriber.Open(subscriber.Socket.Datagram(i, out _)) is { Length: > 20 } opened)
                            latencies.Add(Stopwatch.GetTimestamp() - BinaryPrimitives.ReadInt64BigEndian(opened[^8..]));
            }
            return (total, 1 - latencies.Count / (double)total, latencies.QuantileMs(0.5) * 1000, latencies.QuantileMs(0.99) * 1000);
        }
    }
}
