using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace VideoScale.Harness.Links;

/// <summary>
/// An IPv4 address of this machine beyond loopback, which Firefox needs for a call: one that is there, else that of a pair of interfaces,
/// which leads nowhere.
/// </summary>
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
        var found = WayOut();
        if (found is not null) return new OwnAddress(found.ToString(), made: false);
        Ip(mayFail: true, "link", "del", Near); // of a run that was killed
        Ip(mayFail: false, "link", "add", Near, "type", "veth", "peer", "name", Far);
        Ip(mayFail: false, "address", "add", NearAddress + "/24", "dev", Near);
        Ip(mayFail: false, "link", "set", Near, "up");
        Ip(mayFail: false, "link", "set", Far, "up");
        Ip(mayFail: true, "route", "add", "default", "dev", Near); // a browser asks by which way it would go out
        return new OwnAddress(NearAddress, made: true);
    }

    /// <summary>
    /// The address by which this machine would send to others, as browsers find it: to connect a UDP socket sends nothing. Null when there
    /// is no way out.
    /// </summary>
    internal static IPAddress? WayOut()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        try { socket.Connect(new IPEndPoint(IPAddress.Parse("192.0.2.1"), 9)); } // TEST-NET-1 (RFC 5737)
        catch (SocketException) { return null; }
        return socket.LocalEndPoint is IPEndPoint { Address: var address } && !IPAddress.IsLoopback(address) ? address : null;
    }

    private static void Ip(bool mayFail, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("ip", arguments) { RedirectStandardError = true })
            ?? throw new InvalidOperationException("ip does not start: apt-get install iproute2");
        var errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0 && !mayFail) throw new InvalidOperationException($"ip {string.Join(' ', arguments)}: {errors}");
    }

    public void Dispose()
    {
        if (_made) Ip(mayFail: true, "link", "del", Near);
    }
}
