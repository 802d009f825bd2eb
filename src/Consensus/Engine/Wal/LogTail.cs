using VideoScale.Consensus.Core;

namespace VideoScale.Consensus.Engine.Wal;

/// <summary>The state of the log behind its last record: kept by the writer for segment headers, by recovery to check them.</summary>
internal sealed class LogTail
{
    internal HardState HardState { get; private set; }
    internal ulong BaseIndex { get; private set; }
    internal ulong BaseTerm { get; private set; }
    internal ulong LastIndex { get; private set; }

    internal void StartFrom(SegmentHeader header)
    {
        HardState = header.HardState;
        BaseIndex = header.BaseIndex;
        BaseTerm = header.BaseTerm;
        LastIndex = header.LastIndex;
    }

    internal bool Matches(SegmentHeader header) => HardState == header.HardState && BaseIndex == header.BaseIndex
        && BaseTerm == header.BaseTerm && LastIndex == header.LastIndex;

    internal void Commit(ulong index) => HardState = HardState with { Commit = Math.Max(HardState.Commit, index) };

    /// <returns>False when the record cannot follow what came before: never written by us.</returns>
    internal bool Follow(in RecordHeader record)
    {
        switch (record.Kind)
        {
            case RecordKind.Entry:
                if (record.Index != LastIndex + 1) return false;
                LastIndex = record.Index;
                return true;
            case RecordKind.HardState:
                if (record.Term < HardState.Term) return false;
                HardState = new HardState(record.Term, new MemberId(record.Session), Math.Max(record.Index, HardState.Commit));
                return true;
            case RecordKind.Truncate:
                if (record.Index >= LastIndex) return false;
                LastIndex = record.Index;
                return true;
            case RecordKind.Base:
                if (record.Index < BaseIndex || record.Index > LastIndex) return false;
                (BaseIndex, BaseTerm) = (record.Index, record.Term);
                return true;
            case RecordKind.Reset:
                (BaseIndex, BaseTerm, LastIndex) = (record.Index, record.Term, record.Index);
                Commit(record.Index);
                return true;
            default:
                return record.Kind == RecordKind.Footer;
        }
    }
}
