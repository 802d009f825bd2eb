using VideoScale.MediaNode.Sctp;

namespace VideoScale.MediaNode.Tests.Sctp;

/// <summary>Two associations on a link that loses, repeats and reorders as it is told; time passes from one event to the next.</summary>
internal sealed class SctpPair
{
    private readonly PriorityQueue<(int To, byte[] Packet), (long AtUs, long Number)> _link = new();
    private readonly Random _random;
    private long _number;

    internal SctpPair(Random random, SctpOptions? options = null, Func<NumberSource>? numbers = null)
    {
        _random = random;
        Ends = [New(), New()];

        SctpAssociation New() => new(numbers?.Invoke() ?? new NumberSource(Secret()), options);
    }

    /// <summary>Numbers that come near their largest soon.</summary>
    internal sealed class LateNumbers(uint first) : NumberSource(new byte[16])
    {
        private uint _next = first;
        internal override uint Next() => _next++;
    }

    internal SctpAssociation[] Ends { get; }
    internal long NowUs { get; private set; } = 1;
    internal double Loss { get; set; }
    internal double Repeats { get; set; }
    internal long DelayUs { get; set; } = 5_000;
    internal long JitterUs { get; set; }
    /// <summary>What each end got, in the order it did.</summary>
    internal List<SctpMessage>[] Got { get; } = [[], []];
    /// <summary>Ends that take nothing out.</summary>
    internal bool[] Idles { get; } = new bool[2];
    /// <summary>Every packet that was sent.</summary>
    internal List<byte[]> Sent { get; } = [];
    internal bool KeepsSent { get; set; }

    internal byte[] Secret()
    {
        var secret = new byte[16];
        _random.NextBytes(secret);
        return secret;
    }

    internal void Connect(bool both = false)
    {
        Ends[0].Connect(NowUs);
        if (both) Ends[1].Connect(NowUs);
        Run(() => Ends[0].State is SctpState.Established && Ends[1].State is SctpState.Established, "established");
    }

    internal void Run(Func<bool> until, string what, int seconds = 600)
    {
        for (var end = NowUs + seconds * 1_000_000L; !until();)
        {
            Assert.True(NowUs < end, $"{what}: not in {seconds} s; {Ends[0].State} {Ends[1].State}, buffered {Ends[0].BufferedOctets} "
                + $"{Ends[1].BufferedOctets}, got {Got[0].Count} {Got[1].Count}");
            Turn();
        }
    }

    internal void RunFor(long us)
    {
        for (var end = NowUs + us; NowUs < end;) Turn();
    }

    /// <summary>10 ms, as a shard ticks, or until the next packet arrives.</summary>
    private void Turn()
    {
        Collect();
        var next = NowUs + 10_000;
        if (_link.TryPeek(out _, out var first) && first.AtUs < next) next = Math.Max(NowUs, first.AtUs);
        else
        {
            NowUs = next;
            foreach (var end in Ends) end.Advance(NowUs);
        }
        NowUs = next;
        while (_link.TryPeek(out var arrived, out var at) && at.AtUs <= NowUs)
        {
            _link.Dequeue();
            Ends[arrived.To].Handle(arrived.Packet, NowUs);
        }
        for (var i = 0; i < Ends.Length; i++)
            while (!Idles[i] && Ends[i].TryReceive(out var message, NowUs)) Got[i].Add(message);
    }

    private void Collect()
    {
        var buffer = new byte[2_000];
        for (var i = 0; i < Ends.Length; i++)
            for (int length; (length = Ends[i].NextPacket(buffer, NowUs)) > 0;)
            {
                var packet = buffer[..length];
                if (KeepsSent) Sent.Add(packet);
                if (_random.NextDouble() < Loss) continue;
                Put(1 - i, packet);
                if (_random.NextDouble() < Repeats) Put(1 - i, packet);
            }
    }

    private void Put(int to, byte[] packet) =>
        _link.Enqueue((to, packet), (NowUs + DelayUs + (JitterUs > 0 ? _random.NextInt64(JitterUs) : 0), _number++));
}
