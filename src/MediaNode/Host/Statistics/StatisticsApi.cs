using Grpc.Core;
using LiveKit.Proto;
using VideoScale.MediaNode.Host.Options;
using VideoScale.MediaNode.Host.Ownership;
using VideoScale.MediaNode.Host.Sessions;
using VideoScale.MediaNode.Quality;
using VideoScale.Model;
using VideoScale.Rpc;
using VideoScale.V1;
using VideoScale.Wire;

namespace VideoScale.MediaNode.Host.Statistics;

/// <summary>What the node measures of a room's media, for operators and tests.</summary>
[RequireRole(Role.Viewer)]
public sealed class StatisticsApi(MediaNodeOptions options, AuthorityGate authority, SessionHost host)
    : StatisticsService.StatisticsServiceBase
{
    public override async Task<GetRoomStatisticsReply> GetRoomStatistics(GetRoomStatisticsRequest request, ServerCallContext context)
    {
        if (NameRule.Check("room_id", request.RoomId) is { } wrong) throw wrong.ToRpcException();
        var found = await host.Loop.AskAsync(() => host.Table.Find(new RoomId(request.RoomId)) is { } room
            ? (room.Epoch, Probes: room.Participants.Select(SessionProbe.Of).GroupBy(probe => probe.Session.Uplink.ShardNumber).ToList())
                : default);
        if (found.Probes is null)
        {
            // A room that it owns, and nobody is there.
            foreach (var owned in authority.View().View.Rooms)
                if (owned.Room.Value == request.RoomId) return new GetRoomStatisticsReply
                {
                    NodeId = options.NodeId,
                    Epoch = owned.Epoch.Value,
                };
            throw Failure.NotFound($"room {request.RoomId}").ToRpcException();
        }
        var measured = await Task.WhenAll(found.Probes.Select(onShard => host.Plane.Shards[onShard.Key]
            .AskAsync(shard => onShard.Select(probe => probe.Measure(shard)).ToList())))
            .WaitAsync(context.CancellationToken);
        var reply = new GetRoomStatisticsReply { NodeId = options.NodeId, Epoch = found.Epoch.Value };
        // Quality is the session loop's.
        reply.Participants.AddRange(await host.Loop.AskAsync(() => measured.SelectMany(onShard => onShard)
            .OrderBy(session => session.Session.Identity).Select(Describe).ToList()));
        return reply;
    }

    private static ParticipantStatistics Describe(MeasuredSession measured)
    {
        var session = measured.Session;
        var described = new ParticipantStatistics
        {
            Identity = session.Identity.Value,
            ParticipantSid = session.Sid,
            Quality = session.Quality switch
            {
                ConnectionQuality.Excellent => LinkQuality.Excellent,
                ConnectionQuality.Good => LinkQuality.Good,
                ConnectionQuality.Poor => LinkQuality.Poor,
                ConnectionQuality.Lost => LinkQuality.Lost,
                _ => LinkQuality.Unspecified,
            },
            LossUpPerMyriad = PerMyriad(session.LossUp.Fraction),
            LossDownPerMyriad = PerMyriad(session.LossDown.Fraction),
            EstimateKbps = (ulong)(measured.EstimateBps / 1000),
            SilentMs = (ulong)(measured.SilentUs / 1000),
            RoundTripMs = measured.RoundTripUs / 1000.0,
        };
        described.Published.AddRange(measured.Up.Select(stream => Describe(stream.Track, stream.Layer)));
        described.Received.AddRange(measured.Down.Select(stream => Describe(stream.Subscription, stream.Statistics)));
        return described;
    }

    private static IncomingStream Describe(PublishedTrack track, LayerStatistics layer) => new()
    {
        TrackSid = track.Sid,
        Kind = Kind(track),
        Rid = layer.Rid,
        Ssrc = layer.Ssrc,
        Packets = (ulong)layer.Packets,
        Octets = (ulong)layer.Octets,
        Kbps = (ulong)(layer.BitsPerSecond / 1000),
        Lost = (ulong)layer.Lost,
        LostOnTheWay = (ulong)layer.LostOnTheWay,
        JitterMs = layer.JitterMs,
        Duplicates = (ulong)layer.Duplicates,
        NacksSent = (ulong)layer.NacksSent,
        Recovered = (ulong)layer.Recovered,
        GivenUp = (ulong)layer.GivenUp,
        Retransmissions = (ulong)layer.RetransmissionsReceived,
        KeyframesAsked = (ulong)layer.KeyframesAsked,
        RoundTripMs = layer.RoundTripMs,
        Frames = (ulong)layer.Frames,
        KeyFrames = (ulong)layer.KeyFrames,
        FramesPerSecond = layer.FramesPerSecond,
        Width = (uint)layer.Width,
        Height = (uint)layer.Height,
        ResolutionChanges = (uint)layer.ResolutionChanges,
        Freezes = (ulong)layer.Freezes,
        FrozenMs = layer.FrozenMs,
        AudioGaps = (ulong)layer.AudioGaps,
    };

    private static OutgoingStream Describe(TrackSubscription subscription, SubscriptionStatistics statistics) => new()
    {
        TrackSid = subscription.Track.Sid,
        Publisher = subscription.Track.Owner.Identity.Value,
        Kind = Kind(subscription.Track),
        Layer = statistics.Layer,
        WantedLayer = Math.Min(subscription.WantedLayer, (subscription.Track.Publication?.Layers.Count ?? 1) - 1),
        Packets = (ulong)statistics.Packets,
        NotSent = (ulong)statistics.NotSent,
        Octets = (ulong)statistics.Octets,
        Lost = (ulong)statistics.ReportedLost,
        Reported = (ulong)statistics.ReportedExpected,
        LossPerMyriad = PerMyriad(statistics.FractionLost),
        JitterMs = statistics.JitterMs,
        RoundTripMs = statistics.RoundTripMs,
        NacksReceived = (ulong)statistics.NacksReceived,
        Retransmissions = (ulong)statistics.Retransmissions,
        KeyframesAsked = (ulong)statistics.KeyframesAsked,
        LayerSwitches = (ulong)statistics.LayerSwitches,
        FramesPerSecond = statistics.FramesPerSecond,
        Width = (uint)statistics.Width,
        Height = (uint)statistics.Height,
        ResolutionChanges = (uint)statistics.ResolutionChanges,
        Freezes = (ulong)statistics.Freezes,
        FrozenMs = statistics.FrozenMs,
    };

    private static string Kind(PublishedTrack track) => track.IsVideo ? "video" : "audio";

    private static uint PerMyriad(double fraction) => (uint)Math.Round(fraction * 10_000);
}
