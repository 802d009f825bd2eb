using LiveKit.Proto;
using VideoScale.Gateway.Whip;

namespace VideoScale.Gateway.Tests.Whip;

/// <summary>Candidates that trickle, and ICE that begins anew.</summary>
[Collection(nameof(ScriptedFleet))]
public sealed class WhipPatchTests(ScriptedFleet fleet) : WhipServer(fleet)
{
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
            (428, Fragment("efgh"), Fragments, ""),
            (412, Fragment("abcd"), Fragments, "\"before\""),
            (413, Fragment("abcd") + new string('\n', WhipEndpoints.MaxBodyBytes), Fragments, "*"),
        ];
        foreach (var (expected, body, type, ifMatch) in refused)
            Assert.Equal(expected, (await AskAsync("PATCH", Path, token, body, type, ("If-Match", ifMatch))).Status);
        foreach (var ifMatch in (string[])["", "\"node1\""])
        {
            var trickled = await AskAsync("PATCH", Path, token, Fragment("abcd"), Fragments, ("If-Match", ifMatch));
            Assert.Equal((204, "", false), (trickled.Status, trickled.Body, trickled.Reply.Headers.ETag is not null));
        }
        Assert.DoesNotContain(Heard, said => said.Offer is not null);

        foreach (var node in Fleet.Nodes)
            node.Answers = said => said.Offer is null ? null
                : new SignalResponse { Answer = new SessionDescription { Sdp = Offers.Answer("recvonly", "recvonly", "node2") } };
        var (status, begun, reply) = await AskAsync("PATCH", Path, token, Fragment("efgh"), Fragments, ("If-Match", "*"));
        Assert.Equal((200, "\"node2\"", Fragments), (status, One(reply, "ETag"), reply.Content.Headers.ContentType!.MediaType));
        Assert.StartsWith("a=ice-ufrag:node2\r\n", begun, StringComparison.Ordinal);
        Assert.Equal(SdpOutline.Renew(Offers.Publishing, "efgh", "9876543210987654321098"),
            Assert.Single(Heard, said => said.Offer is not null).Offer.Sdp);
        // Candidates of a client that begins anew may overtake its wish to, and its answer may be lost: the wish is answered each time.
        var (again, same, _) = await AskAsync("PATCH", Path, token, Fragment("abcd"), Fragments, ("If-Match", "*"));
        Assert.Equal((200, begun), (again, same));
    }
}
