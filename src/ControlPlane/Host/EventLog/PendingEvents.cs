using VideoScale.ControlPlane.Canonical;

namespace VideoScale.ControlPlane.Host.EventLog;

/// <summary>Framed records on their way from the apply thread to the writer. Two of these take turns.</summary>
internal sealed class PendingEvents : IDisposable
{
    public CanonicalWriter Frames { get; } = new(64 * 1024);

    /// <summary>Files to begin, each with the place in <see cref="Frames"/> of its first record.</summary>
    public List<(int Offset, SegmentHeader Header)> Starts { get; } = [];

    /// <summary>All events of log entries up to here are in these frames or before them; 0 when no entry ended.</summary>
    public ulong EndedRaftIndex { get; set; }

    /// <summary>The live file ends after these frames.</summary>
    public bool Seals { get; set; }

    public bool IsEmpty => Frames.Length == 0 && EndedRaftIndex == 0 && !Seals;

    public void Clear()
    {
        Frames.Reset();
        Starts.Clear();
        EndedRaftIndex = 0;
        Seals = false;
    }

    public void Dispose() => Frames.Dispose();
}
