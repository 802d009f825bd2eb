using VideoScale.ControlPlane.Audit;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Host.EventLog;

/// <summary>How far a segment file reaches. A live one gets a new extent with each write; readers take one and keep to it.</summary>
internal sealed record PartExtent(ulong LastSeq, long LengthBytes, ulong FirstRaftIndex, ulong LastRaftIndex, LogTime FirstTime,
    LogTime LastTime, Hash256 LastChain);

/// <summary>A place in a segment file where a record begins.</summary>
internal readonly record struct IndexPoint(ulong Seq, long Offset, ulong RaftIndex, LogTime Time);

/// <summary>Where things are in one segment file.</summary>
internal interface IPartIndex
{
    /// <summary>The last indexed record at or before <paramref name="seq"/>.</summary>
    IndexPoint PointBySeq(ulong seq);

    /// <summary>The last indexed record whose log index is at most <paramref name="raftIndex"/>; null when there is none.</summary>
    IndexPoint? PointByRaftIndex(ulong raftIndex);

    /// <summary>The last indexed record whose time is at most <paramref name="time"/>; null when there is none.</summary>
    IndexPoint? PointByTime(LogTime time);

    /// <summary>The events of one stream.</summary>
    /// <returns>Null when the stream has none here.</returns>
    StreamPostings? FindStream(UInt128 streamKey);
}

/// <param name="FirstVersion">stream_version of the first; versions are gapless.</param>
/// <param name="RelativeSeqs">event_seq minus the file's first event_seq, ascending.</param>
internal sealed record StreamPostings(ulong FirstVersion, uint[] RelativeSeqs);
