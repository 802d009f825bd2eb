using System.Diagnostics;
using System.Net;
using VideoScale.Rpc;

namespace VideoScale.Contracts.Tests.Rpc;

/// <summary>A listening socket is for the child that it is handed to.</summary>
public sealed class KeptSocketTests
{
    private static readonly TimeSpan WhileHandedOver = TimeSpan.FromMilliseconds(300);

    /// <summary>Who else had it would keep the port busy after its owner is gone, and answer nobody.</summary>
    [Fact]
    public async Task No_other_child_inherits_a_socket_that_is_being_handed_over()
    {
        using var socket = new KeptSocket(new IPEndPoint(IPAddress.Loopback, 0));
        var link = new FileInfo($"/proc/self/fd/{socket.Descriptor}").LinkTarget!;
        Task<string>? beside = null;
        var own = socket.HandTo(() =>
        {
            beside = Task.Run(() => KeptSocket.StartBeside(List));
            _ = beside.Wait(WhileHandedOver);
            return List();
        });
        Assert.Contains(link, own, StringComparison.Ordinal);
        Assert.DoesNotContain(link, await beside!, StringComparison.Ordinal);
        Assert.DoesNotContain(link, KeptSocket.StartBeside(List), StringComparison.Ordinal);
    }

    /// <summary>A child that says which descriptors it has.</summary>
    private static string List()
    {
        using var child = Process.Start(new ProcessStartInfo("ls", ["-l", "/proc/self/fd"]) { RedirectStandardOutput = true })!;
        return child.StandardOutput.ReadToEnd();
    }
}
