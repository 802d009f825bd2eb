using Google.Protobuf;
using Grpc.Core;
using LiveKit.Proto;
using VideoScale.Gateway.Ports;
using VideoScale.Gateway.Signalling;
using VideoScale.Harness;
using VideoScale.V1;
using static VideoScale.Gateway.Tests.SessionHarness;

namespace VideoScale.Gateway.Tests;

/// <summary>Whatever happens in whatever order.</summary>
public sealed class SessionOrderTests
{
    private static readonly StatusCode[] Refusals =
    [
        StatusCode.Unavailable, StatusCode.FailedPrecondition, StatusCode.NotFound, StatusCode.OutOfRange, StatusCode.AlreadyExists,
        StatusCode.Internal,
    ];

    [Fact]
    public void A_session_lets_every_stream_go_does_not_spin_and_ends_once_its_client_has_gone() => Seeds.Run(150, random =>
    {
        var ann = new SessionHarness(
            resumes: random.Next(2) == 0 ? "" : "PA_1", browser: random.Next(4) == 0 ? "firefox" : "", seed: random.Next());
        for (var i = 0; i < 80 && !ann.HasEnded; i++) Happen(ann, random);
        if (!ann.HasEnded) ann.ClientCloses();
        for (var i = 0; i < 100 && !ann.HasEnded; i++)
        {
            if (ann.IsLooking) ann.Seen(null);
            ann.Pass(1_000);
        }
        Assert.True(ann.HasEnded);
        Assert.Empty(ann.LinesHeld);
        Assert.True(ann.Count<SessionEffect.Close>() == 1 && ann.Told.Count(told => told.Leave is not null) <= 1);
    });

    private static void Happen(SessionHarness ann, Random random)
    {
        var node = random.Next(3) == 0 ? "" : $"node-{random.Next(3)}";
        var epoch = (ulong)random.Next(1, 4);
        switch (random.Next(17))
        {
            case 0: ann.Granted("one", epoch); break;
            case 1: ann.Step(new SessionInput.CaughtUp()); break;
            case 2 or 3: ann.Step(new SessionInput.RoomChanged()); break;
            case 4 or 5 when ann.IsLooking:
                ann.Seen(random.Next(20) == 0 ? null : Place(epoch, node, seat: random.Next(2) == 0 ? null : KeptSeat));
                break;
            case 6 or 7 when ann.HasLine: ann.Opened(random.Next(4) != 0); break;
            case 8 when ann.HasLine: ann.Refused(Refusals[random.Next(random.Next(4) == 0 ? Refusals.Length : 2)]); break;
            case 9 when ann.HasLine: ann.Ended(); break;
            case 10 when ann.HasLine: NodeSays(ann, random); break;
            case 11: ann.Says($"{random.Next()}"); break;
            case 12: ann.Pass(random.Next(2_000), quiet: random.Next(2) == 0); break;
            case 13 when random.Next(8) == 0: ann.ClientCloses(random.Next(2) == 0); break;
            case 14 when random.Next(8) == 0: ann.Step(new SessionInput.ClientUnreachable()); break;
            case 16 when random.Next(8) == 0: ann.Step(new SessionInput.GatewayStopping()); break;
            case 15 when random.Next(4) == 0: ann.Step(new SessionInput.NotAdmitted(Refusals[random.Next(Refusals.Length)], "why")); break;
        }
    }

    private static void NodeSays(SessionHarness ann, Random random)
    {
        switch (random.Next(4))
        {
            case 0: ann.NodeSays(new SignalResponse { Reconnect = new ReconnectResponse() }); break;
            case 1: ann.Handled((ulong)random.Next(1, 12)); break;
            case 2:
                ann.NodeSays(new SessionMessage
                {
                    Carried = new CarriedSession { Participant = new ParticipantInfo { Sid = "PA_1" }.ToByteString() },
                });
                break;
            default: ann.NodeSays(new SessionMessage { Ended = new SessionEnded { Reason = SessionEndReason.RoomGivenUp } }); break;
        }
    }
}
