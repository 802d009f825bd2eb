using Microsoft.Win32.SafeHandles;
using VideoScale.ControlPlane.Audit;

namespace VideoScale.ControlPlane.Host.EventLog;

/// <summary>A reader's place in the event log: one file and one buffer. At the end it stops; when the log has grown it goes on.</summary>
public sealed class EventCursor : IDisposable
{
    private readonly EventLogReader _reader;
    private readonly int _bufferBytes;
    private SegmentPart? _part;
    private SafeFileHandle? _file;
    private SegmentScanner? _scanner;

    internal EventCursor(EventLogReader reader, ulong fromSeq, int bufferBytes = 64 * 1024)
    {
        _reader = reader;
        _bufferBytes = bufferBytes;
        Seq = fromSeq - 1;
    }

    /// <summary>event_seq of the current event.</summary>
    public ulong Seq { get; private set; }

    /// <summary>The current event's record with its leaf prefix; valid until the next move.</summary>
    public ReadOnlySpan<byte> Record => _scanner!.Record;

    public EventView View => EventView.Read(_scanner!.Record);

    /// <summary>Chain value stored after the current event.</summary>
    public Hash256 Chain => _scanner!.Chain;

    /// <summary>Where the current record lies, for reports.</summary>
    public string Location => $"{_part!.Path}, byte {_scanner!.FrameOffset}";

    /// <summary>The file read now begins with this event: a new one carries its own account of chain and tree.</summary>
    internal SegmentHeader? HeaderOfPart => _part?.Header;

    /// <returns>False at the end of the log as it is now.</returns>
    /// <exception cref="EventLogException">The bytes on disk are damaged.</exception>
    public bool MoveNext()
    {
        var next = Seq + 1;
        if (next > _reader.LastSeq) return false;
        if (_part is null || _scanner is null || next > _part.Extent.LastSeq) Open(next);
        else _scanner.Limit = _part.Extent.LengthBytes;
        if (!_scanner!.MoveNext()) throw _part!.Corrupt(_scanner.Offset, $"{_scanner.Problem ?? "the file ends early"} (event {next})");
        if (RecordFrame.SeqOf(_scanner.Record) is var found && found != next)
            throw _part!.Corrupt(_scanner.FrameOffset, $"event {found} where event {next} belongs");
        Seq = next;
        return true;
    }

    /// <summary>Gives the buffer back while waiting; the next move opens the file again.</summary>
    public void Rest() => Dispose();

    public void Dispose()
    {
        _scanner?.Dispose();
        _file?.Dispose();
        (_part, _file, _scanner) = (null, null, null);
    }

    private void Open(ulong seq)
    {
        Dispose();
        for (var attempt = 1; ; attempt++)
        {
            var part = _reader.PartOf(seq) ?? throw _reader.OutOfRange(seq);
            try
            {
                var extent = part.Extent;
                var point = part.Index.PointBySeq(seq);
                var file = part.OpenRead();
                (_part, _file, _scanner) = (part, file, new SegmentScanner(file, point.Offset, extent.LengthBytes, _bufferBytes));
                for (var at = point.Seq; at < seq; at++)
                    if (!_scanner.MoveNext())
                        throw part.Corrupt(_scanner.Offset, $"{_scanner.Problem ?? "the file ends early"} (event {at})");
                return;
            }
            catch (FileNotFoundException) when (attempt < 3) { Dispose(); } // two parts became one just now: look again
        }
    }
}
