using VideoScale.MediaNode.DataChannels;
using VideoScale.MediaNode.Host.Dtls;
using VideoScale.MediaNode.Host.Srtp;
using VideoScale.MediaNode.Host.Tcp;
using VideoScale.MediaNode.Ice;

namespace VideoScale.MediaNode.Host.Udp;

/// <summary>What signalling agreed for one peer's transport.</summary>
public sealed record TransportOptions(int Peer, IceCredentials Local, IceCredentials Remote, DtlsFingerprint RemoteFingerprint);

public enum TransportState : byte { New, Checked, Connected, Failed, Closed }

/// <summary>One peer's way from the socket to the engine: ICE, DTLS, SRTP. Used by its shard's thread alone.</summary>
internal sealed class ShardPeer(TransportOptions options, DtlsIdentity identity) : IDisposable
{
    public int Id { get; } = options.Peer;
    public IceLiteAgent Ice { get; private set; } = new(options.Local, options.Remote);
    /// <summary>Before the last restart: a client checks the old pair until it has the new one.</summary>
    public IceLiteAgent? PreviousIce { get; private set; }
    public DtlsSession Dtls { get; } = new(identity, options.RemoteFingerprint);
    public SrtpSender? Sender { get; private set; }
    public SrtpReceiver? Receiver { get; private set; }
    public Destination? Destination { get; set; }
    /// <summary>That its checks came by, in their order; media goes by one of them, or by none.</summary>
    public List<TcpConnection> Connections { get; } = [];
    /// <summary>Of checks from where its media goes: a flood from elsewhere takes nothing of it.</summary>
    public CheckBudget Checks { get; } = new(slots: 1);
    public TransportState State { get; set; }
    public HandshakeWatch Handshake { get; } = new();
    /// <summary>When something authentic last came; 0 before the first.</summary>
    public long HeardUs { get; set; }
    /// <summary>Its data channels; null before its first packet of them.</summary>
    public DataConnection? Data { get; set; }
    public DataBacklog Backlog { get; } = new();
    public bool IsDataOpen { get; set; }
    public bool IsDataFailed { get; set; }
    /// <summary>Changes of its channels that were told.</summary>
    public int DataChangesTold { get; set; }

    public void RestartIce(IceCredentials local, IceCredentials remote)
    {
        PreviousIce = Ice;
        Ice = Ice.Restart(local, remote);
    }

    /// <summary>Takes the keys when the handshake has just ended.</summary>
    public bool TryKey(AeadKind kind)
    {
        if (Sender is not null || Dtls.State is not DtlsState.Connected) return false;
        Sender = new SrtpSender(SrtpCipher.Create(Dtls.SendKeys!, kind));
        Receiver = new SrtpReceiver(SrtpCipher.Create(Dtls.ReceiveKeys!, kind));
        return true;
    }

    public void Dispose()
    {
        Dtls.Dispose();
        Sender?.Dispose();
        Receiver?.Dispose();
    }
}
