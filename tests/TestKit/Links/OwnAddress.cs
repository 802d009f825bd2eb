using System.Diagnostics;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace VideoScale.TestKit.Links;

/// <summary>An IPv4 address of this machine beyond loopback, which Firefox needs for a call: one that is there, else that of a pair of interfaces, which leads nowhere.</summary>
public sealed class OwnAddress : IDisposable
{
    private const string Near = "vs-tests0";
    private const string Far = "vs-tests1";
    private const string NearAddress = "10.213.77.1";

    private readonly bool _made;

    private OwnAddress(string text, bool made)
    {
        Text = text;
        _made = made;
    }

    public string Text { get; }

    /// <exception cref="InvalidOperationException">There is none, and no interface can be made: that takes root.</exception>
    public static OwnAddress Take()
    {
        var found = NetworkInterface.GetAllNetworkInterfaces().Where(adapter => adapter.OperationalStatus is OperationalStatus.Up)
            .Select(adapter => adapter.GetIPProperties()).Where(properties => properties.GatewayAddresses.Count > 0)
            .SelectMany(properties => properties.UnicastAddresses).Select(unicast => unicast.Address)
            .FirstOrDefault(address => address.AddressFamily == AddressFamily.InterNetwork && !IPAddress.IsLoopback(address));
        if (found is not null) return new OwnAddress(found.ToString(), made: false);
        Ip(mayFail: true, "link", "del", Near); // of a run that was killed
        Ip(mayFail: false, "link", "add", Near, "type", "veth", "peer", "name", Far);
        Ip(mayFail: false, "address", "add", NearAddress + "/24", "dev", Near);
        Ip(mayFail: false, "link", "set", Near, "up");
        Ip(mayFail: false, "link", "set", Far, "up");
        Ip(mayFail: true, "route", "add", "default", "dev", Near); // a browser asks by which way it would go out
        return new OwnAddress(NearAddress, made: true);
    }

    private static void Ip(bool mayFail, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("ip", arguments) { RedirectStandardError = true }) ?? throw new InvalidOperationException("ip does not start: apt-get install iproute2");
        var errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0 && !mayFail) throw new InvalidOperationException($"ip {string.Join(' ', arguments)}: {errors}");
    }

    public void Dispose()
    {
        if (_made) Ip(mayFail: true, "link", "del", Near);
    }
}
