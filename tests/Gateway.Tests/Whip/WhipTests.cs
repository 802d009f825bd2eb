using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Google.Protobuf;
using Grpc.Core;
using LiveKit.Proto;
using VideoScale.Gateway.Whip;
using VideoScale.Harness.Signalling;
using VideoScale.V1;
using Room = LiveKit.Proto.Room;

namespace VideoScale.Gateway.Tests.Whip;

/// <summary>WHIP and WHEP as plain HTTP, before nodes that say what a test tells them.</summary>
[Collection(nameof(ScriptedFleet))]
public sealed class WhipTests
{
    private const string Sdp = "application/sdp", Fragments = "application/trickle-ice-sdpfrag";
    private static readonly HttpClient Http = new();
    private readonly ScriptedFleet _fleet;

    public WhipTests(ScriptedFleet fleet)
    {
        _fleet = fleet;
        foreach (var node in fleet.Nodes)
        {
            node.Reset();
            node.Opens = Serves(Offers.Answer("recvonly", "recvonly"));
        }
    }

    private static string Token(string room, Action<Dictionary<string, object>>? grant = null) => SignalClient.Token(room, "cam", grant);

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

    private void Serve(string answer, IEnumerable<string>? carried = null, bool othersPublish = false, string reason = "")
    {
        foreach (var node in _fleet.Nodes) node.Opens = Serves(answer, carried, othersPublish, reason);
    }

    private async Task<(int Status, string Body, HttpResponseMessage Reply)> AskAsync(string method, string path, string? token = null,
        string? body = null, string type = Sdp, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), $"http://{_fleet.Gateway}{path}");
        if (token is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        if (body is not null) request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
        if (body is not null && type.Length > 0) request.Content!.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        var reply = await Http.SendAsync(request);
        return ((int)reply.StatusCode, await reply.Content.ReadAsStringAsync(), reply);
    }

    private static string One(HttpResponseMessage reply, string header) =>
        Assert.Single(reply.Headers.TryGetValues(header, out var values) || reply.Content.Headers.TryGetValues(header, out values) ? values : []);

    private IEnumerable<OpenSession> OpenedIn(string room) => _fleet.Nodes.SelectMany(node => node.Opened).Where(open => open.RoomId == room);

    private IEnumerable<SignalRequest> Heard => _fleet.Nodes.SelectMany(node => node.Heard).Select(heard => heard.Request);

    [Theory]
    [InlineData("/whip/v1", "whip-a")]
    [InlineData("/whip", "whip-b")]
    [InlineData("//whip/v1/", "whip-c")]
    public async Task An_offer_is_answered_with_a_session_of_its_own(string path, string room)
    {
        var (status, body, reply) = await AskAsync("POST", path, Token(room), Offers.Publishing, "Application/SDP; charset=utf-8");
        Assert.True(status == 201, $"{status}: {body}");
        Assert.Equal(Offers.Answer("recvonly", "recvonly"), body);
        Assert.Equal(("/whip/v1/PA_1", "\"node1\"", Sdp),
            (One(reply, "Location"), One(reply, "ETag"), reply.Content.Headers.ContentType!.MediaType));
        Assert.Equal("*", One(reply, "Access-Control-Allow-Origin"));
        Assert.Contains("Location, ETag, Link", One(reply, "Access-Control-Expose-Headers"), StringComparison.Ordinal);
        var open = Assert.Single(OpenedIn(room));
        Assert.True(open is { Unattended: true, Watches: false, Grants: { Hidden: false, CanPublish: true }, Identity: "cam" });
        var join = JoinRequest.Parser.ParseFrom(open.JoinRequest);
        Assert.Equal(["sound", "picture"], join.AddTrackRequests.Select(track => track.Cid));
        Assert.Equal((Offers.Publishing, false), (join.PublisherOffer.Sdp, join.ConnectionSettings.AutoSubscribe));
        Assert.DoesNotContain(Heard, said => said.Leave is not null);
    }

    [Fact]
    public async Task A_token_in_the_URL_is_good_too_and_stands_in_the_sessions_URL()
    {
        var token = Token("whip-url");
        var (status, _, reply) = await AskAsync("POST", $"/whip/v1?access_token={token}", null, Offers.Publishing);
        Assert.Equal((201, $"/whip/v1/PA_1?access_token={token}"), (status, One(reply, "Location")));
        Assert.Equal(200, (await AskAsync("DELETE", One(reply, "Location"))).Status);
    }

    [Fact]
    public async Task What_is_wrong_with_a_request_it_is_told_before_anybody_is_asked()
    {
        const string Room = "whip-wrong";
        var good = Token(Room);
        var big = Offers.Publishing + new string('\n', WhipEndpoints.MaxBodyBytes);
        (int Status, string Path, string? Token, string Body, string Type)[] wrong =
        [
            (401, "/whip/v1", null, Offers.Publishing, Sdp),
            (401, "/whip/v1", good[..^6] + "AAAAAA", Offers.Publishing, Sdp),
            (401, "/whep/v1", "nonsense", Offers.Playing, Sdp),
            (401, "/whip/v1", SignalClient.Token(Room, "cam", livesSeconds: -300), Offers.Publishing, Sdp),
            (403, "/whip/v1", Token(Room, video => video["roomJoin"] = false), Offers.Publishing, Sdp),
            (403, "/whip/v1", Token(""), Offers.Publishing, Sdp),
            (403, "/whip/v1", Token(Room, video => video["canPublish"] = false), Offers.Publishing, Sdp),
            (403, "/whip/v1", Token(Room, video => video["canPublishSources"] = new[] { "camera" }), Offers.Publishing, Sdp),
            (403, "/whep/v1", Token(Room, video => video["canSubscribe"] = false), Offers.Playing, Sdp),
            (400, "/whip/v1", Token(new string('r', 257)), Offers.Publishing, Sdp),
            (400, "/whip/v1", good, "", Sdp),
            (400, "/whip/v1", good, "v=0", Sdp),
            (400, "/whip/v1", good, Offers.Playing, Sdp),
            (400, "/whep/v1", good, Offers.Publishing, Sdp),
            (415, "/whip/v1", good, Offers.Publishing, "text/plain"),
            (415, "/whip/v1", good, Offers.Publishing, ""),
            (415, "/whep/v1", good, Offers.Playing, "application/json"),
            (413, "/whip/v1", good, big, Sdp),
            (422, "/whip/v1", good, Offers.Session + Offers.Section("video", 0, "sendonly") + Offers.Section("video", 1, "sendonly"), Sdp),
        ];
        foreach (var (expected, path, token, body, type) in wrong)
        {
            var (status, why, reply) = await AskAsync("POST", path, token, body, type);
            Assert.True(status == expected && why.Length > 10, $"{expected} {path}: {status} {why}");
            Assert.Equal(status == 401, reply.Headers.WwwAuthenticate.Any(scheme => scheme.Scheme == "Bearer"));
            Assert.Equal("*", One(reply, "Access-Control-Allow-Origin"));
        }
        Assert.Empty(OpenedIn(Room));
    }

    [Theory]
    [InlineData("/whip/v1", "OPTIONS, GET, HEAD, POST", "Accept-Post", Sdp)]
    [InlineData("/whep", "OPTIONS, GET, HEAD, POST", "Accept-Post", Sdp)]
    [InlineData("/whip/v1/PA_1", "OPTIONS, GET, HEAD, PATCH, DELETE", "Accept-Patch", Fragments)]
    [InlineData("/whep/v1/PA_1", "OPTIONS, GET, HEAD, PATCH, DELETE", "Accept-Patch", Fragments)]
    public async Task Preflights_are_answered_and_methods_that_are_not_there_are_named(string path, string methods, string accepts, string type)
    {
        var (status, _, reply) = await AskAsync("OPTIONS", path, headers:
            [("Origin", "https://app.example.com"), ("Access-Control-Request-Method", "POST"),
                ("Access-Control-Request-Headers", "authorization,content-type,if-match")]);
        Assert.Equal((200, "*", methods, "authorization,content-type,if-match", type), (status, One(reply, "Access-Control-Allow-Origin"),
            One(reply, "Access-Control-Allow-Methods"), One(reply, "Access-Control-Allow-Headers"), One(reply, accepts)));
        foreach (var method in (string[])["GET", "HEAD"])
            Assert.Equal((204, ""), (await AskAsync(method, path)) is var got ? (got.Status, got.Body) : default);
        foreach (var method in methods.Contains("POST", StringComparison.Ordinal) ? (string[])["PUT", "DELETE", "PATCH"] : ["PUT", "POST"])
        {
            var refused = await AskAsync(method, path, Token("whip-methods"), "x");
            Assert.Equal((405, methods), (refused.Status, string.Join(", ", refused.Reply.Content.Headers.Allow)));
        }
    }

    [Theory]
    [InlineData("/whip/v2")]
    [InlineData("/whip/v1/PA_1/more")]
    [InlineData("/whep/other")]
    public async Task Elsewhere_is_nothing(string path) => Assert.Equal(404, (await AskAsync("POST", path, Token("r"), Offers.Publishing)).Status);

    [Fact]
    public async Task A_section_that_cannot_be_taken_ends_it_all_with_the_nodes_reason()
    {
        Serve(Offers.Answer("recvonly", "inactive"), reason: "no codec in common: H265");
        var (status, body, _) = await AskAsync("POST", "/whip/v1", Token("whip-codec"), Offers.Publishing);
        Assert.Equal((422, "no codec in common: H265"), (status, body));
        Assert.Single(Heard, said => said.Leave is not null); // nobody is left behind
    }

    [Theory]
    [InlineData(StatusCode.ResourceExhausted, 429, true)]
    [InlineData(StatusCode.PermissionDenied, 403, false)]
    [InlineData(StatusCode.InvalidArgument, 400, false)]
    [InlineData(StatusCode.NotFound, 404, false)]
    [InlineData(StatusCode.AlreadyExists, 409, false)]
    [InlineData(StatusCode.Internal, 503, true)]
    public async Task What_a_join_is_refused_for_is_a_status_and_says_when_to_ask_again(StatusCode refusal, int expected, bool saysWhen)
    {
        foreach (var node in _fleet.Nodes) node.Opens = _ => (refusal, []);
        var (status, body, reply) = await AskAsync("POST", "/whip/v1", Token($"whip-{refusal}"), Offers.Publishing);
        Assert.Equal((expected, "the script says so", saysWhen), (status, body, reply.Headers.RetryAfter is not null));
    }

    [Fact]
    public async Task Who_watches_is_hidden_and_hears_when_there_is_nothing_or_nothing_that_it_takes()
    {
        const string Room = "whep-room";
        var token = Token(Room, video => video["canPublish"] = true);
        var (status, _, reply) = await AskAsync("POST", "/whep/v1", token, Offers.Playing);
        Assert.Equal((409, TimeSpan.FromSeconds(3)), (status, reply.Headers.RetryAfter?.Delta)); // and no room was made for that
        using var ann = await SignalClientAsync(Room);
        foreach (var (carried, othersPublish, expected) in ((string[], bool, int)[])[([], false, 409), ([], true, 422), (["1"], true, 201)])
        {
            Serve(Offers.Answer("inactive", "sendonly"), carried, othersPublish);
            Assert.Equal(expected, (await AskAsync("POST", "/whep/v1", token, Offers.Playing)).Status);
        }
        var open = OpenedIn(Room).Last();
        Assert.True(open is
        {
            Unattended: true,
            Watches: true,
            Grants: { Hidden: true, CanPublish: false, CanPublishData: false, CanSubscribe: true }
        });
        Assert.Empty(JoinRequest.Parser.ParseFrom(open.JoinRequest).AddTrackRequests);
        Assert.Equal(2, Heard.Count(said => said.Leave is not null));
    }

    private async Task<SignalClient> SignalClientAsync(string room)
    {
        foreach (var node in _fleet.Nodes) node.Opens = null;
        return await SignalClient.JoinAsync(_fleet.Gateway, SignalClient.Token(room, "ann"));
    }

    [Fact]
    public async Task A_session_is_ended_once_by_any_gateway_and_only_by_its_own_token()
    {
        var token = Token("whip-end");
        await AskAsync("POST", "/whip/v1", token, Offers.Publishing);
        Assert.Equal(401, (await AskAsync("DELETE", "/whip/v1/PA_1")).Status);
        Assert.Equal(404, (await AskAsync("DELETE", "/whip/v1/PA_1", Token("another-room"))).Status);
        Assert.Equal(404, (await AskAsync("DELETE", "/whip/v1/PA_other", token)).Status);
        Assert.DoesNotContain(Heard, said => said.Leave is not null);
        Assert.Equal(200, (await AskAsync("DELETE", "/whip/v1/PA_1", token, headers: [("If-Match", "\"any\"")])).Status);
        Assert.Single(Heard, said => said.Leave is not null);
        foreach (var node in _fleet.Nodes) node.Opens = _ => (StatusCode.NotFound, []);
        var (status, body, _) = await AskAsync("DELETE", "/whip/v1/PA_1", token);
        Assert.Equal((404, "there is no session PA_1 of this token"), (status, body));
    }

    [Fact]
    public async Task An_end_that_another_request_took_the_session_from_is_tried_again()
    {
        var token = Token("whip-race");
        await AskAsync("POST", "/whip/v1", token, Offers.Publishing);
        var attempts = 0;
        foreach (var node in _fleet.Nodes)
            node.Ends = said => said.Leave is null ? null : ++attempts == 1 ? SessionEndReason.TakenOver : SessionEndReason.Left;
        Assert.Equal(200, (await AskAsync("DELETE", "/whip/v1/PA_1", token)).Status);
        Assert.Equal(2, attempts);
    }

    [Theory]
    [InlineData(StatusCode.OutOfRange)] // removed
    [InlineData(StatusCode.AlreadyExists)] // replaced
    public async Task A_session_that_was_ended_on_purpose_is_not_found(StatusCode why)
    {
        var token = Token("whip-removed");
        await AskAsync("POST", "/whip/v1", token, Offers.Publishing);
        foreach (var node in _fleet.Nodes) node.Opens = _ => (why, []);
        Assert.Equal(404, (await AskAsync("DELETE", "/whip/v1/PA_1", token)).Status);
        Assert.Equal(404, (await AskAsync("PATCH", "/whip/v1/PA_1", token, Fragment("efgh"), Fragments, ("If-Match", "*"))).Status);
    }

    private static string Fragment(string fragment) => $"a=ice-ufrag:{fragment}\r\na=ice-pwd:9876543210987654321098\r\n";

    [Fact]
    public async Task Candidates_are_taken_note_of_and_another_ICE_session_is_begun()
    {
        const string Path = "/whip/v1/PA_1";
        var token = Token("whip-patch");
        await AskAsync("POST", "/whip/v1", token, Offers.Publishing);
        (int Status, string Body, string Type, string IfMatch)[] refused =
        [
            (415, Fragment("abcd"), Sdp, "*"),
            (400, "a=ice-ufrag:abcd", Fragments, "*"),
            (428, Fragment("abcd"), Fragments, ""),
            (412, Fragment("abcd"), Fragments, "\"before\""),
            (413, Fragment("abcd") + new string('\n', WhipEndpoints.MaxBodyBytes), Fragments, "*"),
        ];
        foreach (var (expected, body, type, ifMatch) in refused)
            Assert.Equal(expected, (await AskAsync("PATCH", Path, token, body, type, ("If-Match", ifMatch))).Status);
        foreach (var ifMatch in (string[])["*", "\"node1\""])
        {
            var trickled = await AskAsync("PATCH", Path, token, Fragment("abcd"), Fragments, ("If-Match", ifMatch));
            Assert.Equal((204, "", false), (trickled.Status, trickled.Body, trickled.Reply.Headers.ETag is not null));
        }
        Assert.DoesNotContain(Heard, said => said.Offer is not null);

        foreach (var node in _fleet.Nodes)
            node.Answers = said => said.Offer is null ? null
                : new SignalResponse { Answer = new SessionDescription { Sdp = Offers.Answer("recvonly", "recvonly", "node2") } };
        var (status, begun, reply) = await AskAsync("PATCH", Path, token, Fragment("efgh"), Fragments, ("If-Match", "*"));
        Assert.Equal((200, "\"node2\"", Fragments), (status, One(reply, "ETag"), reply.Content.Headers.ContentType!.MediaType));
        Assert.StartsWith("a=ice-ufrag:node2\r\n", begun, StringComparison.Ordinal);
        Assert.Equal(SdpOutline.Renew(Offers.Publishing, "efgh", "9876543210987654321098"),
            Assert.Single(Heard, said => said.Offer is not null).Offer.Sdp);
    }
}
