using VideoScale.Consensus.Apply.Snapshots;
using VideoScale.Consensus.Core;

namespace VideoScale.Consensus.Engine.Ports;

/// <summary>Carries messages between replicas. May lose, never corrupts; the sender's identity is proven.</summary>
public interface ITransport : IAsyncDisposable
{
    void Start(ITransportListener listener);

    /// <summary>Serializes at once into a bounded buffer and returns; drops the message when that is full or the member unknown.</summary>
    /// <remarks>Only from the driver's loop. <see cref="Message.IsBulk"/> messages must not delay others.</remarks>
    void Send(MemberId to, in Message message);

    /// <summary>Ends a run of <see cref="Send"/>: writers are woken once for all of them.</summary>
    void Flush();

    /// <summary>Others are connected with another process of this identity: nothing is sent or taken in. Null otherwise.</summary>
    string? StandsAside => null;

    /// <summary>Second processes under one identity that were refused here lately, for people to read.</summary>
    IReadOnlyList<string> Notices => [];

    /// <summary>Adds a member, or says where it is now, as host:port. Any thread.</summary>
    void SetPeer(MemberId member, string address) { }

    /// <summary>Forgets a member that was removed; its connections end. Any thread, does not wait.</summary>
    void RemovePeer(MemberId member) { }

    /// <summary>
    /// Sends the snapshot at this index, on a connection of its own, resuming what an earlier try left off.
    /// Ends with <see cref="ITransportListener.OnSnapshotSent"/>. At most one per member at a time: a second call for a member is ignored.
    /// </summary>
    /// <param name="term">The leader's term, told to the receiver.</param>
    void SendSnapshot(MemberId to, ulong term, ulong snapshotIndex);
}

/// <summary>The transport tells the driver, on the transport's threads; calls return quickly.</summary>
public interface ITransportListener
{
    /// <summary>A message arrived. Its entries and payloads are borrowed: the driver copies what it keeps before it returns.</summary>
    void OnMessage(in Message message);

    /// <summary>A whole snapshot arrived and is durable in the <see cref="ISnapshotStore"/>.</summary>
    void OnSnapshotReceived(MemberId from, ulong term, SnapshotMeta meta);

    void OnSnapshotSent(MemberId to, ulong snapshotIndex, bool ok);

    /// <summary>The connection to a member broke: what was on its way may be lost.</summary>
    void OnDisconnected(MemberId member);

    /// <summary>From now on nothing is carried, as another process has this replica's identity; or that is over.</summary>
    void OnStandAside(bool aside) { }

    /// <summary>
    /// A member remembers another process of this replica with a start no lower than this one's. Waits until the replica has met that.
    /// </summary>
    /// <returns>False: it stops, and must not be connected.</returns>
    bool OnSetBack(MemberId by, ulong remembered, ulong start) => true;
}
