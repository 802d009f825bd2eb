using Grpc.Core;
using LiveKit.Proto;
using VideoScale.Gateway.Whip;
using VideoScale.Harness.Signalling;
using VideoScale.V1;

namespace VideoScale.Gateway.Tests.Whip;

/// <summary>How sessions are opened and ended, and what is refused.</summary>
[Collection(nameof(ScriptedFleet))]
public sealed class WhipTests(ScriptedFleet fleet) : WhipServer(fleet)
{
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
    public async Task Preflights_are_answered_and_methods_that_are_not_there_are_named(string path, string methods, string accepts,
        string type)
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
    public async Task Elsewhere_is_nothing(string path) =>
        Assert.Equal(404, (await AskAsync("POST", path, Token("r"), Offers.Publishing)).Status);

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
        foreach (var node in Fleet.Nodes) node.Opens = _ => (refusal, []);
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
        foreach (var node in Fleet.Nodes) node.Opens = null;
        return await SignalClient.JoinAsync(Fleet.Gateway, SignalClient.Token(room, "ann"));
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
        foreach (var node in Fleet.Nodes) node.Opens = _ => (StatusCode.NotFound, []);
        var (status, body, _) = await AskAsync("DELETE", "/whip/v1/PA_1", token);
        Assert.Equal((404, "there is no session PA_1 of this token"), (status, body));
    }

    [Fact]
    public async Task An_end_that_another_request_took_the_session_from_is_tried_again()
    {
        var token = Token("whip-race");
        await AskAsync("POST", "/whip/v1", token, Offers.Publishing);
        var attempts = 0;
        foreach (var node in Fleet.Nodes)
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
        foreach (var node in Fleet.Nodes) node.Opens = _ => (why, []);
        Assert.Equal(404, (await AskAsync("DELETE", "/whip/v1/PA_1", token)).Status);
        Assert.Equal(404, (await AskAsync("PATCH", "/whip/v1/PA_1", token, $"a=ice-ufrag:efgh\r\na=ice-pwd:{Offers.Password}\r\n",
            Fragments, ("If-Match", "*"))).Status);
    }
}
