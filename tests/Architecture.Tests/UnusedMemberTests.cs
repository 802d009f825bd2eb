namespace VideoScale.Architecture.Tests;

/// <summary>
/// Whatever may be called, somebody calls: the product itself, a bench or a chaos run. What only a test looks at or turns is named here.
/// </summary>
public sealed class UnusedMemberTests
{
    /// <summary>Tests look at them, or turn them.</summary>
    private static readonly string[] ForTests =
    [
        "VideoScale.Consensus.Apply.Directories.DataDirectory.IsNew",
        "VideoScale.Consensus.Apply.SessionTable.Clear",
        "VideoScale.Consensus.Apply.SessionTable.Count",
        "VideoScale.Consensus.Core.RaftCore.UncommittedBytes",
        "VideoScale.Consensus.Core.RaftCore.Vote",
        "VideoScale.Consensus.Engine.Transport.FrameReader.BufferBytes",
        "VideoScale.Consensus.Engine.Transport.TcpTransport.Dropped",
        "VideoScale.Consensus.Engine.Transport.TcpTransport.IsConnected",
        "VideoScale.Consensus.Engine.Transport.TcpTransport.LocalEndPoint",
        "VideoScale.Consensus.Engine.Transport.TcpTransport.SetPeer", // one of two
        "VideoScale.Consensus.Engine.Wal.WalStatistics.BytesWritten",
        "VideoScale.Consensus.Engine.Wal.WalStatistics.Syncs",
        "VideoScale.ControlPlane.Audit.StreamVersions.Count",
        "VideoScale.ControlPlane.Audit.StreamVersions.Last",
        "VideoScale.ControlPlane.Host.EventLog.EventLog.DurableSeq",
        "VideoScale.ControlPlane.Host.EventLog.EventLog.SyncAsync",
        "VideoScale.ControlPlane.Host.EventLog.EventLogReader.Notes",
        "VideoScale.ControlPlane.Host.Features.ReplicaCore.Bounds",
        "VideoScale.ControlPlane.Host.Fleets.Fleet.CouldPlace",
        "VideoScale.ControlPlane.Host.Fleets.Fleet.PendingCount",
        "VideoScale.ControlPlane.Host.Hosting.ControlPlaneApp.Replica",
        "VideoScale.ControlPlane.Host.Hosting.ControlPlaneApp.WaitForReadyAsync",
        "VideoScale.ControlPlane.Host.Refusals.RefusalBudget.Clear",
        "VideoScale.ControlPlane.Host.Refusals.RefusalBudget.Count",
        "VideoScale.ControlPlane.Host.Replication.StateHooks.FalsifyStateHash",
        "VideoScale.ControlPlane.Host.Rooms.RoomSignals.Count",
        "VideoScale.ControlPlane.Host.Rooms.RoomWatches.Remembered",
        "VideoScale.ControlPlane.Host.Subscriptions.EventSubscriptions.All",
        "VideoScale.MediaNode.Host.Srtp.SrtpSender.RtcpOverhead",
        "VideoScale.MediaNode.Host.Startup.MediaNodeApp.WaitForReadyAsync",
        "VideoScale.MediaNode.Host.Udp.IDatagramSocket.Dropped",
        "VideoScale.MediaNode.Host.Udp.MediaShard.Socket",
        "VideoScale.MediaNode.Ice.StunMessage.Priority",
        "VideoScale.MediaNode.Ice.StunWriter.Controlled",
        "VideoScale.MediaNode.Rtcp.TransportFeedbackReader.ArrivalUs",
        "VideoScale.MediaNode.Rtcp.TransportFeedbackReader.Count",
        "VideoScale.MediaNode.Rtcp.TransportFeedbackReader.Next",
        "VideoScale.MediaNode.Rtcp.TransportFeedbackReader.Sequence",
        "VideoScale.MediaNode.Sdp.SdpMedia.Sends",
        "VideoScale.Rpc.ConnectionBudget.Open",
        "VideoScale.Rpc.RpcMetrics.Meter",
        "VideoScale.Rpc.RpcMetrics.Methods",
        "VideoScale.Rpc.TlsMaterial.Of",
    ];

    /// <summary>Layouts of libc and of OpenSSL, written here and read there.</summary>
    private static readonly string[] ForLibraries =
    [
        "VideoScale.MediaNode.Host.Dtls.OpenSsl.SrtpProtectionProfile.Name",
        "VideoScale.MediaNode.Host.Udp.LinuxCalls.Message.Control",
        "VideoScale.MediaNode.Host.Udp.LinuxCalls.Message.ControlLength",
        "VideoScale.MediaNode.Host.Udp.LinuxCalls.Message.Flags",
        "VideoScale.MediaNode.Host.Udp.LinuxCalls.Message.Name",
        "VideoScale.MediaNode.Host.Udp.LinuxCalls.Message.NameLength",
        "VideoScale.MediaNode.Host.Udp.LinuxCalls.PollEntry.Descriptor",
        "VideoScale.MediaNode.Host.Udp.LinuxCalls.PollEntry.Events",
    ];

    /// <summary>The seam promises them, and its suite holds every engine to it; some do not look at what they need not.</summary>
    private static readonly string[] ForEngines =
    [
        "VideoScale.Consensus.IReplicatedStateMachine.StateHash",
        "VideoScale.Consensus.ProposeResult.Term",
        "VideoScale.Consensus.ReadFence.Index",
    ];

    private static readonly string[] Known =
    [
        .. ForTests, .. ForLibraries, .. ForEngines,
        "VideoScale.MediaNode.Ownership.Directive.Revoke.Reason", // said in log lines, with the directive
    ];

    [Fact]
    public void Every_member_that_may_be_called_is()
    {
        var used = ProductAssemblies.All.Values.Concat(ProductAssemblies.Users).SelectMany(MemberUse.Used)
            .ToHashSet(StringComparer.Ordinal);
        var declared = ProductAssemblies.All.Values.SelectMany(MemberUse.Declared).Distinct().ToList();
        Assert.True(declared.Count > 3_000, $"only {declared.Count} members were found");
        var unused = declared.Where(member => !used.Contains(member)).Except(Known).Order(StringComparer.Ordinal).ToList();
        Assert.True(unused.Count == 0, "nobody calls or reads them; remove them, or name what tests alone need here:\n"
            + string.Join('\n', unused));
        var over = Known.Where(member => used.Contains(member)).Union(Known.Except(declared)).ToList();
        Assert.True(over.Count == 0, "somebody calls them by now, or they are gone; they leave the lists:\n" + string.Join('\n', over));
    }

    [Fact]
    public void The_check_sees_what_it_should() // or it could pass by seeing nothing
    {
        using var self = ProductAssemblies.Open(typeof(UnusedMemberTests).Assembly.Location);
        var prefix = typeof(UnusedMemberTests).FullName + ".Sample.";
        var used = MemberUse.Used(self).ToHashSet(StringComparer.Ordinal);
        Assert.Equal([prefix + "CallsItself", prefix + "Field", prefix + "OnlySet"], MemberUse.Declared(self)
            .Where(member => member.StartsWith(prefix, StringComparison.Ordinal) && !used.Contains(member)).Order(StringComparer.Ordinal));
        Assert.Equal(3, new Sample { OnlySet = 1, Field = 2, Read = 3 }.Count<int>());
    }

    internal sealed record Sample : IDisposable
    {
        public int OnlySet { get; set; }
        public int Read { get; set; }
        internal int Field;
        public int Count<T>() => Read;
        public int CallsItself(int times) => times == 0 ? 0 : CallsItself(times - 1);
        public void Dispose() => Field = 0;
    }
}
