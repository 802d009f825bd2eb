using VideoScale.MediaNode.Host.Options;
using VideoScale.MediaNode.Ownership;
using VideoScale.Platform;

namespace VideoScale.MediaNode.Tests.Startup;

public sealed class MediaNodeOptionsTests
{
    private static MediaNodeOptions Good() => new() { NodeId = "media-1", Control = ["127.0.0.1:7980"], DevelopmentMode = true };

    [Fact]
    public void Defaults_with_a_name_and_a_control_plane_are_fine() => Assert.Empty(MediaNodeOptionsCheck.Check(Good()));

    public static TheoryData<string, Action<MediaNodeOptions>> Broken => new()
    {
        { "MediaNode:NodeId is \"a b\"; allowed: 1 to 64", o => o.NodeId = "a b" },
        { "MediaNode:NodeId is \"\"", o => o.NodeId = "" },
        { "MediaNode:Region is \"é\"", o => o.Region = "é" },
        { "MediaNode:Zone is \"/\"", o => o.Zone = "/" },
        { "MediaNode:BindAddress is \"here\"; allowed: an IP address", o => o.BindAddress = "here" },
        {
            "MediaNode:BindAddress is \"0.0.0.0\"; allowed: a loopback address while DevelopmentMode", o =>
                (o.BindAddress, o.AdvertisedAddress) = ("0.0.0.0", "m:1")
        },
        { "MediaNode:MediaBindAddress is \"here\"; allowed: an IP address, or empty", o => o.MediaBindAddress = "here" },
        {
            "MediaNode:MediaAddresses is \"\"; allowed: at least one IP address that clients reach, because MediaBindAddress 0.0.0.0 is "
                + "every address", o => o.MediaBindAddress = "0.0.0.0"
        },
        { "MediaNode:AdvertisedAddress is \"\"; allowed: host:port that others reach", o => o.BindAddress = "0.0.0.0" },
        { "MediaNode:AdvertisedAddress is \"m\"; allowed: host:port", o => o.AdvertisedAddress = "m" },
        { "MediaNode:GrpcPort is \"0\"; allowed: 1 to 65,535", o => o.GrpcPort = 0 },
        { "MediaNode:HttpPort is \"65536\"; allowed: 1 to 65,535", o => o.HttpPort = 65_536 },
        { "MediaNode:GrpcPort, HttpPort is \"8180, 8180\"; allowed: two different ports", o => o.HttpPort = 8180 },
        { "MediaNode:Control is \"\"; allowed: at least one host:port", o => o.Control = [] },
        { "MediaNode:Control is \"x:0\"; allowed: host:port", o => o.Control = ["x:0"] },
        { "MediaNode:CapacityPublishers is \"0\"; allowed: 1 to 100,000", o => o.CapacityPublishers = 0 },
        { "MediaNode:CapacitySubscribers is \"1000001\"; allowed: 1 to 1,000,000", o => o.CapacitySubscribers = 1_000_001 },
        { "MediaNode:CapacityBitrateKbps is \"0\"; allowed: 1 to 1,000,000,000", o => o.CapacityBitrateKbps = 0 },
        { "MediaNode:Continuity is \"7\"; allowed: Continue or Stop", o => o.Continuity = (MediaContinuity)7 },
        { "MediaNode:IsolationGraceSeconds is \"-1\"; allowed: 0 to 86,400", o => o.IsolationGraceSeconds = -1 },
        { "MediaNode:SeatWaitMs is \"10001\"; allowed: 0 to 10,000", o => o.SeatWaitMs = 10_001 },
        { "MediaNode:ShutdownGraceMs is \"-5\"; allowed: 0 to 600,000", o => o.ShutdownGraceMs = -5 },
        { "MediaNode:LogLevel is \"loud\"; allowed: Trace, Debug", o => o.LogLevel = "loud" },
        {
            "MediaNode:Tls:Certificate is \"\"; allowed: the path of a file", o =>
                (o.DevelopmentMode, o.BindAddress, o.AdvertisedAddress) = (false, "0.0.0.0", "m:1")
        },
        {
            "MediaNode:Tls:Key is \"/nowhere.key\"; allowed: a file that exists", o =>
                (o.DevelopmentMode, o.Tls.Key) = (false, "/nowhere.key")
        },
    };

    [Theory]
    [MemberData(nameof(Broken))]
    public void Every_broken_option_is_named_with_its_value_and_what_is_allowed(string line, Action<MediaNodeOptions> breakIt)
    {
        var options = Good();
        breakIt(options);
        Assert.Contains(MediaNodeOptionsCheck.Check(options), problem => problem.StartsWith(line, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("127.0.0.1:7980", true)]
    [InlineData("cp1.example:1", true)]
    [InlineData("[::1]:7980", true)]
    [InlineData("cp1.example", false)]
    [InlineData(":7980", false)]
    [InlineData("cp1.example:70000", false)]
    [InlineData("cp 1:80", false)]
    public void An_address_is_host_and_port(string text, bool good) => Assert.Equal(good, HostAndPort.Is(text));
}
