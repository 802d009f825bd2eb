using LiveKit.Proto;
using VideoScale.MediaNode.Host.Udp;

namespace VideoScale.MediaNode.Host.Sessions;

/// <summary>What the node's clients and it send each other, as rates over the last round.</summary>
/// <param name="Publishers">Participants with a track that is published now.</param>
/// <param name="Subscribers">Participants who receive somebody's track now.</param>
/// <param name="LossPerMyriad">Mean over participants of the worse direction, in parts per 10,000.</param>
/// <param name="JitterUs">Interarrival jitter (RFC 3550), mean over participants who send.</param>
/// <param name="QueueUs">From taking a batch in to handing what came of it to the kernel, slowest shard.</param>
internal readonly record struct MediaTraffic(
    int Publishers, int Subscribers, long IngressKbps, long EgressKbps, long IngressPps, long EgressPps, int LossPerMyriad, int JitterUs,
        int QueueUs);

/// <summary>Every two seconds: statistics from the shards, connection quality for the clients, traffic for the load report.</summary>
internal sealed class QualityRound(SessionTable table, MediaPlane plane, SessionLoop loop)
{
    private const int StepsPerRound = 4;
    // Fractions and milliseconds at which people notice: ITU-T G.107 puts one-way delay of 150 ms and loss of a few percent at the knee.
    private const double GoodLoss = 0.02, PoorLoss = 0.08;
    /// <summary>Browsers check their connection every 2.5 s at least, and call it disconnected after 5 s without an answer.</summary>
    private const long SilentUs = 6_000_000;
    private const double GoodRoundTripMs = 250, PoorRoundTripMs = 600;

    private int _steps;
    private (long Received, long Sent, long ReceivedOctets, long SentOctets, long AtMs) _last;

    internal MediaTraffic Traffic { get; private set; }

    /// <summary>On the session loop.</summary>
    internal void Step()
    {
        if (++_steps % StepsPerRound != 0) return;
        foreach (var shard in plane.Shards)
        {
            var probes = table.Rooms.SelectMany(room => room.Participants).Where(participant => participant.HasTransport
                && participant.Uplink.ShardNumber == shard.Index).Select(SessionProbe.Of).ToArray();
            if (probes.Length == 0) continue;
            shard.Post(on =>
            {
                var measured = probes.Select(probe => probe.Measure(on)).ToList();
                loop.Post(() => Judge(measured));
            });
        }
        CountTraffic();
    }

    /// <summary>Tells each room which of the measured have become better or worse.</summary>
    internal static void Judge(IReadOnlyList<MeasuredSession> sessions)
    {
        var changed = new Dictionary<RoomSession, List<ConnectionQualityInfo>>();
        foreach (var measured in sessions)
        {
            var session = measured.Session;
            session.Heard(measured.SilentUs, Environment.TickCount64);
            session.LossUp.Take(measured.Up.Sum(stream => stream.Layer.Packets + stream.Layer.Lost),
                measured.Up.Sum(stream => stream.Layer.LostOnTheWay));
            session.LossDown.Take(measured.Down.Sum(stream => stream.Statistics.ReportedExpected),
                measured.Down.Sum(stream => stream.Statistics.ReportedLost));
            var isLost = session.Uplink.State is TransportState.Failed || session.Downlink.State is TransportState.Failed
                || measured.SilentUs >= SilentUs;
            var quality = isLost ? ConnectionQuality.Lost
                : Judge(Math.Max(session.LossUp.Fraction, session.LossDown.Fraction), measured.RoundTripUs / 1000.0);
            session.JitterMs = measured.Up.Where(stream => stream.Layer.Packets > 0).Select(stream => stream.Layer.JitterMs)
                .DefaultIfEmpty().Average();
            if (quality == session.Quality) continue;
            session.Quality = quality;
            if (session.IsHidden) continue; // the others do not know it
            if (!changed.TryGetValue(session.Room, out var list)) changed[session.Room] = list = [];
            list.Add(session.QualityInfo!);
        }
        foreach (var (room, list) in changed) room.Quality(list);
        foreach (var measured in sessions)
        {
            measured.Session.Room.TellStanding(measured.Session);
            measured.Session.Learned(measured.Up);
        }
    }

    internal static ConnectionQuality Judge(double loss, double roundTripMs) =>
        loss >= PoorLoss || roundTripMs >= PoorRoundTripMs ? ConnectionQuality.Poor
        : loss >= GoodLoss || roundTripMs >= GoodRoundTripMs ? ConnectionQuality.Good
        : ConnectionQuality.Excellent;

    private void CountTraffic()
    {
        var now = Environment.TickCount64;
        var (received, sent, receivedOctets, sentOctets) = (0L, 0L, 0L, 0L);
        var queueUs = 0L;
        foreach (var shard in plane.Shards)
        {
            var counted = shard.Statistics;
            received += counted.Received;
            sent += counted.Sent;
            receivedOctets += counted.ReceivedOctets;
            sentOctets += counted.SentOctets;
            queueUs = Math.Max(queueUs, counted.BatchUs);
        }
        var elapsedMs = now - _last.AtMs;
        if (_last.AtMs != 0 && elapsedMs > 0)
        {
            var participants = table.Rooms.SelectMany(room => room.Participants).ToList();
            var senders = participants.Where(participant => participant.Tracks.Any(track => track.IsPublished)).ToList();
            Traffic = new MediaTraffic(
                senders.Count,
                participants.Count(participant => participant.Subscriptions.Any(subscription => subscription.Mid.Length > 0)),
                (receivedOctets - _last.ReceivedOctets) * 8 / elapsedMs,
                (sentOctets - _last.SentOctets) * 8 / elapsedMs,
                (received - _last.Received) * 1000 / elapsedMs,
                (sent - _last.Sent) * 1000 / elapsedMs,
                (int)(participants.Select(participant => Math.Max(participant.LossUp.Fraction, participant.LossDown.Fraction))
                    .DefaultIfEmpty().Average() * 10_000),
                (int)(senders.Select(sender => sender.JitterMs).DefaultIfEmpty().Average() * 1000),
                (int)queueUs);
        }
        _last = (received, sent, receivedOctets, sentOctets, now);
    }
}
