using VideoScale.MediaNode.DataChannels;
using VideoScale.MediaNode.Forwarding;
using VideoScale.MediaNode.Host.Dtls;
using VideoScale.MediaNode.Host.Udp;
using VideoScale.MediaNode.Ice;
using VideoScale.MediaNode.Rtp;
using VideoScale.MediaNode.Sdp;
using VideoScale.Model;

namespace VideoScale.MediaNode.Host.Sessions;

/// <summary>One connection of a participant: a peer on a shard, and what descriptions say of the way to it.</summary>
internal sealed class PeerTransport(ParticipantSession owner, MediaPlane plane, int peerNumber, int shardNumber)
{
    private const int FragmentLength = 8;   // RFC 8445 §5.3: at least 4 characters
    private const int PasswordLength = 24;  // at least 22

    private IceCredentials? _local;
    private IceCredentials? _next; // as we have offered them; theirs come with the answer
    private string _remoteFragment = "";
    private DtlsFingerprint? _fingerprint;
    private ExtensionIds? _extensions;

    internal MediaPlane Plane { get; } = plane;
    internal int PeerNumber { get; } = peerNumber;
    internal int ShardNumber { get; } = shardNumber;
    internal bool IsOpen => _local is not null;
    internal TransportState State { get; set; }
    internal bool HasEnded => State is TransportState.Closed or TransportState.Failed;
    /// <summary>Its client has a path and makes no keys over it: it has to begin anew.</summary>
    internal bool IsKeyless { get; set; }

    /// <summary>For our next description.</summary>
    internal SdpTransport Described
    {
        get
        {
            var local = _next ?? _local;
            return new SdpTransport(local?.UsernameFragment ?? "", local?.Password ?? "", Plane.Fingerprint,
                Plane.CandidatesOf(ShardNumber))
            { TcpCandidates = Plane.TcpCandidates };
        }
    }

    /// <summary>Our next description offers a new way.</summary>
    internal void Renew() => _next = NewCredentials();

    /// <summary>For what cannot be refused.</summary>
    internal void Post(Action<MediaShard> command) => Plane.Shards[ShardNumber].Post(command);

    /// <summary>Has the shard carry out a command. Nobody waits for it: a refusal comes back in a turn of the session loop.</summary>
    internal void Ask(Func<MediaShard, Failure?> command, Action<Failure> refused) => Ask(ShardNumber, command, refused);

    /// <summary>The same on another shard.</summary>
    internal void Ask(int shardNumber, Func<MediaShard, Failure?> command, Action<Failure> refused)
    {
        var room = owner.Room;
        Plane.Shards[shardNumber].Post(shard =>
        {
            if (command(shard) is { } failure) room.Later(() => refused(failure));
        });
    }

    /// <summary>Messages that may not be lost, in their order.</summary>
    internal void SendData(IReadOnlyList<byte[]> messages)
    {
        var peer = PeerNumber;
        if (messages.Count > 0)
            Post(shard =>
            {
                foreach (var octets in messages) shard.SendData([peer], DataChannelKind.Reliable, octets);
            });
    }

    internal void Close()
    {
        if (!IsOpen) return;
        _local = null;
        var peer = PeerNumber;
        Post(shard => shard.RemovePeer(peer));
    }

    /// <summary>A connection that begins anew, with other credentials and another key, instead of finding a new way.</summary>
    internal bool IsAnother(SdpRemote remote) =>
        IsOpen && remote.HasCredentials && remote.IceFragment != _remoteFragment && FingerprintOf(remote) is { } fingerprint
            && fingerprint != _fingerprint;

    /// <summary>Follows the client's description: the connection stands, or its first one says all that it takes.</summary>
    /// <returns>Why no section can be used; null when they can.</returns>
    internal Failure? Follow(SdpDescription theirs)
    {
        var extensions = ExtensionsOf(theirs);
        if (IsOpen) GoOn(theirs.Remote, extensions);
        else if (Open(theirs.Remote, extensions) is { } failure) return failure;
        _extensions = extensions;
        return null;
    }

    private Failure? Open(SdpRemote remote, ExtensionIds extensions)
    {
        if (!remote.HasCredentials)
            return Failure.InvalidArgument("sdp: no ice-ufrag and ice-pwd (RFC 8839: 4 and 22 characters at least)");
        if (FingerprintOf(remote) is not { } fingerprint)
            return Failure.InvalidArgument("sdp: a fingerprint of sha-256, sha-384 or sha-512 is needed");
        if (remote.Setup is SdpSetup.Passive or SdpSetup.Hold)
            return Failure.InvalidArgument("sdp: the client must be ready to begin the DTLS handshake (a=setup:actpass or active)");
        (_fingerprint, _remoteFragment) = (fingerprint, remote.IceFragment);
        var peer = PeerNumber;
        var theirs = new IceCredentials(remote.IceFragment, remote.IcePassword);
        var transport = new TransportOptions(peer, TakeCredentials(), theirs, fingerprint);
        Ask(shard => shard.AddPeer(transport, new PeerOptions(peer, extensions)), owner.TransportFailed);
        owner.OpenData(this);
        return null;
    }

    private void GoOn(SdpRemote remote, ExtensionIds extensions)
    {
        var peer = PeerNumber;
        // A spoiled description does not cost the connection that stands.
        if (remote.HasCredentials && (remote.IceFragment != _remoteFragment || _next is not null))
        {
            var (ours, theirs) = (TakeCredentials(), new IceCredentials(remote.IceFragment, remote.IcePassword));
            Ask(shard => shard.RestartIce(peer, ours, theirs), owner.TransportFailed);
            _remoteFragment = remote.IceFragment;
        }
        if (extensions != _extensions) Ask(shard => shard.Engine.SetExtensions(peer, extensions), owner.TransportFailed);
    }

    private IceCredentials TakeCredentials()
    {
        (_local, _next) = (_next ?? NewCredentials(), null);
        return _local;
    }

    private static IceCredentials NewCredentials() => new(MediaPlane.RandomText(FragmentLength), MediaPlane.RandomText(PasswordLength));

    private static DtlsFingerprint? FingerprintOf(SdpRemote remote) =>
        remote.Fingerprints.Select(DtlsFingerprint.Parse).OfType<DtlsFingerprint>()
            .OrderBy(known => known.Algorithm, StringComparer.Ordinal).FirstOrDefault();

    /// <summary>With BUNDLE an id means the same in every section.</summary>
    private static ExtensionIds ExtensionsOf(SdpDescription theirs)
    {
        var ids = new ExtensionIds();
        foreach (var media in theirs.Media.Where(media => media.IsUsed))
            foreach (var (id, uri) in media.Extensions.Where(extension => SdpWriter.Takes(extension.Id, extension.Uri)))
                ids = uri switch
                {
                    SdpWriter.Mid => ids with { Mid = id },
                    SdpWriter.Rid => ids with { Rid = id },
                    SdpWriter.RepairedRid => ids with { RepairedRid = id },
                    SdpWriter.TransportSequence => ids with { TransportSequence = id },
                    SdpWriter.AudioLevel => ids with { AudioLevel = id },
                    _ => ids,
                };
        return ids;
    }
}
