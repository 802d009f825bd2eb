using LiveKit.Proto;
using VideoScale.MediaNode.Host.Udp;
using VideoScale.MediaNode.Quality;

namespace VideoScale.MediaNode.Host.Sessions;

/// <summary>What the node's clients and it send each other, as rates over the last round.</summary>
internal readonly record struct MediaTraffic(long IngressKbps, long EgressKbps, long IngressPps, long EgressPps, int LossPerMyriad, int QueueUs);

/// <summary>Every two seconds: statistics from the shards, connection quality for the clients, traffic for the load report.</summary>
internal sealed class QualityRound(SessionTable table, MediaPlane plane, SessionLoop loop)
{
    private const int StepsPerRound = 4;
    // Fractions and milliseconds at which people notice: ITU-T G.107 puts one-way delay of 150 ms and loss of a few percent at the knee.
    private const double GoodLoss = 0.02, PoorLoss = 0.08;
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
            var sessions = table.Rooms.SelectMany(room => room.Participants).Where(participant => participant.Media.IsOpen && participant.Media.ShardNumber == shard.Index)
                .Select(participant => (Session: participant, Tracks: participant.Tracks.Where(track => track.IsPublished).Select(track => track.Number).ToArray(),
                    Subscriptions: participant.Subscriptions.Select(subscription => subscription.Number).ToArray())).ToArray();
            if (sessions.Length > 0) shard.Post(on => Measure(on, sessions));
        }
        CountTraffic();
    }

    /// <summary>On a shard's thread.</summary>
    private void Measure(MediaShard shard, (ParticipantSession Session, int[] Tracks, int[] Subscriptions)[] sessions)
    {
        var measured = new List<(ParticipantSession Session, List<LayerStatistics> Up, List<SubscriptionStatistics> Down)>(sessions.Length);
        foreach (var (session, tracks, subscriptions) in sessions)
        {
            var up = tracks.Select(shard.Engine.FindPublication).OfType<Forwarding.Publication>().SelectMany(publication => publication.Layers).Select(layer => layer.Statistics()).ToList();
            var down = subscriptions.Select(shard.Engine.FindSubscription).OfType<Forwarding.Subscription>().Select(subscription => subscription.Statistics()).ToList();
            measured.Add((session, up, down));
        }
        loop.Post(() => Judge(measured));
    }

    private static void Judge(List<(ParticipantSession Session, List<LayerStatistics> Up, List<SubscriptionStatistics> Down)> measured)
    {
        var changed = new Dictionary<RoomSession, List<ConnectionQualityInfo>>();
        foreach (var (session, up, down) in measured)
        {
            var (packets, lost) = (up.Sum(layer => layer.Packets), up.Sum(layer => layer.Lost));
            var (came, missing) = (packets - session.Counted.Packets, Math.Max(0, lost - session.Counted.Lost));
            session.Counted = (packets, lost);
            var upLoss = came + missing <= 0 ? 0 : missing / (double)(came + missing);
            var downLoss = down.Count == 0 ? 0 : down.Max(subscription => subscription.FractionLost);
            var roundTripMs = down.Count == 0 ? 0 : down.Max(subscription => subscription.RoundTripMs);
            var quality = session.Media.State is TransportState.Failed ? ConnectionQuality.Lost : Judge(Math.Max(upLoss, downLoss), roundTripMs);
            session.Loss = (upLoss, downLoss);
            if (quality == session.Quality) continue;
            session.Quality = quality;
            if (!changed.TryGetValue(session.Room, out var list)) changed[session.Room] = list = [];
            list.Add(new ConnectionQualityInfo { ParticipantSid = session.Sid, Quality = quality, Score = quality switch { ConnectionQuality.Excellent => 4.5f, ConnectionQuality.Good => 3.5f, ConnectionQuality.Poor => 2, _ => 0 } });
        }
        foreach (var (room, list) in changed) room.Quality(list);
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
            var losses = table.Rooms.SelectMany(room => room.Participants).Select(participant => Math.Max(participant.Loss.Up, participant.Loss.Down)).ToList();
            Traffic = new MediaTraffic((receivedOctets - _last.ReceivedOctets) * 8 / elapsedMs, (sentOctets - _last.SentOctets) * 8 / elapsedMs,
                (received - _last.Received) * 1000 / elapsedMs, (sent - _last.Sent) * 1000 / elapsedMs, losses.Count == 0 ? 0 : (int)(losses.Average() * 10_000), (int)queueUs);
        }
        _last = (received, sent, receivedOctets, sentOctets, now);
    }
}
