using LiveKit.Proto;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using VideoScale.Gateway.Signalling;

namespace VideoScale.Gateway.Tests;

/// <summary>How clients of LiveKit's older signalling begin, as their libraries write it.</summary>
public sealed class QueryParametersTests
{
    private static JoinRequest Read(string query) => QueryParameters.Read(new QueryCollection(QueryHelpers.ParseQuery(query)));

    [Fact]
    public void A_browser_comes_back_to_its_session()
    {
        var join = Read("?access_token=t&reconnect=1&sid=PA_1&auto_subscribe=0&sdk=js&version=1.15.13&protocol=11&browser=Firefox"
            + "&browser_version=140&os=linux&adaptive_stream=1&reconnect_reason=1");
        Assert.Equal((true, "PA_1", false, true, ReconnectReason.RrSignalDisconnected), (join.Reconnect, join.ParticipantSid,
            join.ConnectionSettings.AutoSubscribe, join.ConnectionSettings.AdaptiveStream, join.ReconnectReason));
        Assert.Equal((ClientInfo.Types.SDK.Js, "1.15.13", 11, "firefox"),
            (join.ClientInfo.Sdk, join.ClientInfo.Version, join.ClientInfo.Protocol, join.ClientInfo.Browser));
    }

    [Theory]
    [InlineData("sdk=swift&protocol=16&device_model=iPhone14,5&os=iOS&os_version=17.0&auto_subscribe=true", ClientInfo.Types.SDK.Swift)]
    [InlineData("sdk=android&protocol=13&auto_subscribe=1&network=wifi", ClientInfo.Types.SDK.Android)]
    [InlineData("sdk=reactnative", ClientInfo.Types.SDK.ReactNative)]
    [InlineData("sdk=unity_web", ClientInfo.Types.SDK.UnityWeb)]
    [InlineData("sdk=esp32", ClientInfo.Types.SDK.Esp32)]
    [InlineData("sdk=another&protocol=-7&sid=&reconnect=0", ClientInfo.Types.SDK.Unknown)]
    [InlineData("", ClientInfo.Types.SDK.Unknown)]
    public void What_is_not_said_is_as_libraries_mean_it(string query, ClientInfo.Types.SDK sdk)
    {
        var join = Read("?" + query);
        Assert.Equal((sdk, false, "", true),
            (join.ClientInfo.Sdk, join.Reconnect, join.ParticipantSid, join.ConnectionSettings.AutoSubscribe));
        Assert.InRange(join.ClientInfo.Protocol, 0, 16);
    }
}
