using System.Net.Http.Headers;
using System.Text;
using Google.Protobuf;
using Grpc.Core;
using LiveKit.Proto;
using VideoScale.Harness.Signalling;
using VideoScale.V1;
using Room = LiveKit.Proto.Room;

namespace VideoScale.Gateway.Tests.Whip;

/// <summary>WHIP and WHEP as plain HTTP, before nodes that say what a test tells them.</summary>
public abstract class WhipServer
{
    protected const string Sdp = "application/sdp", Fragments = "application/trickle-ice-sdpfrag";
    private static readonly HttpClient Http = new();

    protected WhipServer(ScriptedFleet fleet)
    {
        Fleet = fleet;
        foreach (var node in fleet.Nodes)
        {
            node.Reset();
            node.Opens = Serves(Offers.Answer("recvonly", "recvonly"));
        }
    }

    protected ScriptedFleet Fleet { get; }

    protected static string Token(string room, Action<Dictionary<string, object>>? grant = null) => SignalClient.Token(room, "cam", grant);

    private static SessionMessage Says(SignalResponse response) => new() { Response = response.ToByteString() };

    /// <summary>A node that answers offers, and keeps what it answered for whoever takes the session up.</summary>
    private static Func<OpenSession, (StatusCode?, IEnumerable<SessionMessage>)> Serves(string answer,
        IEnumerable<string>? carried = null, bool othersPublish = false, string reason = "")
    {
        var offer = "";
        return open =>
        {
            if (open.ResumeSid.Length > 0)
                return (open.ResumeSid == "PA_1" ? null : StatusCode.NotFound,
                [
                    new SessionMessage { Unattended = new UnattendedSession { Offer = offer, IceFragment = "node1" } },
                    Says(new SignalResponse { Reconnect = new ReconnectResponse() }),
                ]);
            offer = JoinRequest.Parser.ParseFrom(open.JoinRequest).PublisherOffer.Sdp;
            var joined = new JoinResponse { Room = new Room(), Participant = new ParticipantInfo { Sid = "PA_1" } };
            if (othersPublish) joined.OtherParticipants.Add(new ParticipantInfo { Sid = "PA_2", Tracks = { new TrackInfo() } });
            var described = new SessionDescription { Type = "answer", Id = 1, Sdp = answer };
            foreach (var mid in carried ?? []) described.MidToTrackId[mid] = "TR_1";
            List<SessionMessage> says = [Says(new SignalResponse { Join = joined }), Says(new SignalResponse { Answer = described })];
            if (reason.Length > 0)
                says.Add(Says(new SignalResponse { RequestResponse = new RequestResponse { Message = reason } }));
            return (null, says);
        };
    }

    private protected void Serve(string answer, IEnumerable<string>? carried = null, bool othersPublish = false, string reason = "")
    {
        foreach (var node in Fleet.Nodes) node.Opens = Serves(answer, carried, othersPublish, reason);
    }

    protected async Task<(int Status, string Body, HttpResponseMessage Reply)> AskAsync(string method, string path, string? token = null,
        string? body = null, string type = Sdp, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), $"http://{Fleet.Gateway}{path}");
        if (token is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        if (body is not null) request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
        if (body is not null && type.Length > 0) request.Content!.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        var reply = await Http.SendAsync(request);
        return ((int)reply.StatusCode, await reply.Content.ReadAsStringAsync(), reply);
    }

    protected static string One(HttpResponseMessage reply, string header) =>
        Assert.Single(
            reply.Headers.TryGetValues(header, out var values) || reply.Content.Headers.TryGetValues(header, out values)
                ? values : []);

    private protected IEnumerable<OpenSession> OpenedIn(string room) =>
        Fleet.Nodes.SelectMany(node => node.Opened).Where(open => open.RoomId == room);

    private protected IEnumerable<SignalRequest> Heard => Fleet.Nodes.SelectMany(node => node.Heard).Select(heard => heard.Request);
}
