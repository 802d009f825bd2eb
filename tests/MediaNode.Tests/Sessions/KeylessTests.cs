using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using LiveKit.Proto;
using VideoScale.Harness;
using VideoScale.Harness.Processes;
using VideoScale.MediaNode.Ice;
using VideoScale.MediaNode.Tests.Fuzzing;
using VideoScale.MediaNode.Tests.Sdp;

namespace VideoScale.MediaNode.Tests.Sessions;

public sealed class KeylessTests
{
    [LiveKitSurface("Signalling", "leave{RECONNECT} for clients that have a path and make no keys over it", Surface.Served)]
    [Fact]
    public async Task A_client_that_has_a_path_and_makes_no_keys_over_it_is_told_to_connect_anew_and_finds_no_session_to_resume()
    {
        await using var bed = new SessionBed();
        var (ann, link) = await bed.JoinAsync("ann", Offers.Of("aaaa", Offers.Audio("recvonly")));
        var answer = Assert.Single(SessionBed.Told(link).Select(response => response.Answer).OfType<SessionDescription>()).Sdp;
        var local = new IceCredentials(Regex.Match(answer, "a=ice-ufrag:(\\S+)").Groups[1].Value,
            Regex.Match(answer, "a=ice-pwd:(\\S+)").Groups[1].Value);
        var port = int.Parse(Regex.Match(answer, "a=candidate:1 1 udp [0-9]+ 127.0.0.1 ([0-9]+)").Groups[1].Value,
            System.Globalization.CultureInfo.InvariantCulture);
        var check = Samples.Check(new IceLiteAgent(local, new IceCredentials("aaaa", "abcdefghijklmnopqrstuvwx")), useCandidate: true);
        using var client = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        client.Connect(IPAddress.Loopback, port);
        LeaveRequest? leave = null;
        await Eventually.HoldsAsync(async () =>
        {
            await client.SendAsync(check); // as its consent goes on; the media it sends under former keys would be as silent
            leave ??= SessionBed.Told(link).Select(response => response.Leave).OfType<LeaveRequest>().FirstOrDefault();
            return leave is not null;
        }, "the client is told");
        Assert.Equal((LeaveRequest.Types.Action.Reconnect, true), (leave!.Action, leave.CanReconnect));
        Assert.Null(await bed.DoAsync(() =>
            bed.Table.FindLive(new V1.OpenSession { RoomId = "room", Epoch = 1, Identity = "ann", ResumeSid = ann.Sid })));
        await client.SendAsync(check);
        await Task.Delay(100);
        Assert.DoesNotContain(SessionBed.Told(link), response => response.Leave is not null); // once
        Assert.Null(bed.Broken);
    }
}
