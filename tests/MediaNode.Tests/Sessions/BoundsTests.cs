using Google.Protobuf;
using LiveKit.Proto;
using VideoScale.Harness;
using VideoScale.MediaNode.Host.Sessions;
using VideoScale.MediaNode.Tests.Sdp;
using Reason = LiveKit.Proto.RequestResponse.Types.Reason;

namespace VideoScale.MediaNode.Tests.Sessions;

/// <summary>
/// What a client says within the size of a message may be repeated, unknown or endless: what is kept and shown of it is none of these.
/// </summary>
public sealed class BoundsTests
{
    /// <summary>What an announced track may grow by once it is published: its section and codec.</summary>
    private const int Growth = 64 * 128;

    [Fact]
    public async Task Whatever_a_client_says_what_it_shows_of_itself_stays_small()
    {
        await using var bed = new SessionBed();
        await bed.DoAsync(() =>
        {
            Seeds.Run(5, random =>
            {
                var (ann, link) = bed.Join("ann", offer: null, change: static open => open.Grants.CanUpdateMetadata = true);
                for (var i = 0; i < 24; i++)
                {
                    ann.Handle(Hostile(random, ann));
                    if (i % 8 == 7) ann.Handle(OfferAll(ann));
                    Assert.InRange(ann.Info.CalculateSize(), 1, ParticipantSession.MaxInfoBytes + Growth);
                    Assert.All(ann.Tracks, track => Assert.InRange(track.Request.CalculateSize(), 1, 64 * 1024));
                }
                Assert.NotEmpty(ann.Tracks);
                ann.TellCarried(atOnce: true); // it said so much that its gateway is told no more for now
                var carried = SessionBed.Carried(link);
                Assert.NotNull(carried);
                Assert.InRange(carried.CalculateSize(), 1, 2 << 20);
                ann.Permit(new ParticipantPermission
                {
                    CanPublish = true,
                    CanPublishSources = { Enumerable.Range(0, 100_000).Select(source => (TrackSource)source) },
                });
                Assert.InRange(ann.Info.Permission.CalculateSize() + ann.Grants.CalculateSize(), 1, 1_024);
            });
            return true;
        });
        Assert.Null(bed.Broken);
    }

    [Fact]
    public async Task Each_way_to_say_too_much_is_refused_or_cut()
    {
        await using var bed = new SessionBed();
        var (ann, link) = await bed.JoinAsync("ann", change: static open => open.Grants.CanUpdateMetadata = true);
        await bed.AskAsync(ann, new SignalRequest
        {
            AddTrack = new AddTrackRequest
            {
                Cid = "a",
                Type = TrackType.Video,
                Layers = { new VideoLayer { Rid = new string('r', 33) } }
            }
        });
        Assert.Equal(Reason.LimitExceeded,
            Assert.Single(SessionBed.Told(link), response => response.RequestResponse is not null).RequestResponse.Reason);
        await bed.AskAsync(ann, new SignalRequest { AddTrack = new AddTrackRequest { Cid = "b", Type = TrackType.Audio } });
        var audio = Assert.Single(ann.Tracks);
        await bed.AskAsync(ann, new SignalRequest
        {
            UpdateAudioTrack = new UpdateLocalAudioTrack
            {
                TrackSid = audio.Sid,
                Features = { Enumerable.Range(0, 100_000).Select(feature => (AudioTrackFeature)(feature % 300)) }
            }
        });
        Assert.Equal(Enum.GetValues<AudioTrackFeature>(), audio.Info.AudioFeatures);
        // Each within its own limit: thousands of tiny attributes take more on the wire than they say, and 63 tracks come on top.
        SessionBed.Told(link);
        var update = new UpdateParticipantMetadata { RequestId = 7, Metadata = new string('m', 512 * 1024) };
        for (var i = 0; i < 8_100 + 10_000; i++)
            update.Attributes[$"{(char)(0x21 + i % 90)}{(char)(0x21 + i / 90 % 90)}{(i < 8_100 ? "" : (char)(0x21 + i / 8_100))}"] = "v";
        await bed.AskAsync(ann, new SignalRequest { UpdateMetadata = update });
        Assert.Equal(Reason.Ok,
            Assert.Single(SessionBed.Told(link), response => response.RequestResponse?.RequestId == 7).RequestResponse.Reason);
        var (text, layers) = (new string('t', 1_024), Enumerable.Range(0, 16).Select(i =>
            new VideoLayer
            {
                Rid = new string('r', 32),
                Width = uint.MaxValue,
                Height = uint.MaxValue,
                Bitrate = uint.MaxValue,
                Ssrc = uint.MaxValue,
                SpatialLayer = -1,
                Quality = (VideoQuality)(-1),
            }));
        for (var i = 1; i < 64; i++)
            await bed.AskAsync(ann, new SignalRequest
            {
                AddTrack = new AddTrackRequest
                {
                    Cid = $"{i:d2}{text}"[..1_024],
                    Type = TrackType.Video,
                    Name = text,
                    Stream = text,
                    Layers = { layers }
                }
            });
        var refused = SessionBed.Told(link).Where(response => response.RequestResponse is not null).ToList();
        Assert.NotEmpty(refused);
        Assert.All(refused, response => Assert.Equal(Reason.LimitExceeded, response.RequestResponse.Reason));
        Assert.InRange(ann.Info.CalculateSize() + ann.Tracks.Sum(track => track.Info.CalculateSize()), 1 << 19,
            ParticipantSession.MaxInfoBytes);
    }

    private static SignalRequest Hostile(Random random, ParticipantSession ann)
    {
        var text = new string('x', random.Next(3) switch { 0 => 1, 1 => 1_000, _ => 400_000 });
        var isAudio = random.Next(2) == 0;
        switch (random.Next(6))
        {
            case 0: return new SignalRequest { UpdateMetadata = new UpdateParticipantMetadata { Metadata = text } };
            case 1:
                var many = new UpdateParticipantMetadata();
                for (var i = 0; i < 2_000; i++) many.Attributes[$"{random.Next(100_000):x}"] = "v";
                return new SignalRequest { UpdateMetadata = many };
            case 2 when ann.Tracks.Count > 0:
                var features = Enumerable.Range(0, 20_000).Select(_ => (AudioTrackFeature)random.Next(1_000));
                return new SignalRequest
                {
                    UpdateAudioTrack =
                    new UpdateLocalAudioTrack { TrackSid = ann.Tracks[random.Next(ann.Tracks.Count)].Sid, Features = { features } }
                };
            default:
                var add = new AddTrackRequest
                {
                    Cid = $"c{random.Next(1_000)}",
                    Type = isAudio ? TrackType.Audio : TrackType.Video,
                    Name = new string('n', random.Next(1_024)),
                    Stream = new string('s', random.Next(1_024)),
                };
                for (var i = random.Next(18); i > 0; i--)
                    add.Layers.Add(WithUnknown(VideoLayer.Parser,
                        new VideoLayer { Rid = new string('r', random.Next(34)), Width = uint.MaxValue }, random.Next(100_000)));
                if (random.Next(3) == 0)
                    add.SimulcastCodecs.Add(
                        WithUnknown(SimulcastCodec.Parser, new SimulcastCodec { Codec = "vp8", Cid = "d" }, random.Next(100_000)));
                return new SignalRequest { AddTrack = WithUnknown(AddTrackRequest.Parser, add, random.Next(500_000)) };
        }
    }

    /// <summary>The message with a field that no version of it has: parsers keep such for whoever reads on.</summary>
    private static T WithUnknown<T>(MessageParser<T> parser, T message, int bytes) where T : IMessage<T>
    {
        using var stream = new MemoryStream();
        using (var output = new CodedOutputStream(stream, leaveOpen: true))
        {
            message.WriteTo(output);
            output.WriteTag(9_999, WireFormat.WireType.LengthDelimited);
            output.WriteBytes(ByteString.CopyFrom(new byte[bytes]));
        }
        return parser.ParseFrom(stream.ToArray());
    }

    private static SignalRequest OfferAll(ParticipantSession ann) => new()
    {
        Offer = new SessionDescription
        {
            Type = "offer",
            Sdp = Offers.Of("aaaa", [.. ann.Tracks.OrderBy(track => track.Info.Mid.Length == 0).Select((track, i) => track.IsVideo
                ? Offers.Video("sendonly", track.Request.Cid)
                : Offers.Audio("sendonly", track.Request.Cid).Replace("ssrc:1001", $"ssrc:{1_001 + i}", StringComparison.Ordinal))]),
        },
    };
}
