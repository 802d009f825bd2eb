namespace VideoScale.MediaNode.Sctp;

/// <summary>One DATA chunk, without its TSN.</summary>
internal readonly ref struct DataChunk(ushort stream, ushort number, uint protocol, DataFlags flags, ReadOnlySpan<byte> payload)
{
    internal ushort Stream { get; } = stream;
    /// <summary>Of the message within its stream; of an ordered one.</summary>
    internal ushort Number { get; } = number;
    internal uint Protocol { get; } = protocol;
    internal DataFlags Flags { get; } = flags;
    internal ReadOnlySpan<byte> Payload { get; } = payload;
}

/// <summary>Neighbouring fragments of one message. All of its fragments have TSNs in a row (RFC 9260 §6.9).</summary>
internal sealed class FragmentRun
{
    internal required uint First { get; set; }
    internal required uint Last { get; set; }
    internal required ushort Stream { get; init; }
    internal required ushort Number { get; init; }
    internal required uint Protocol { get; init; }
    internal required bool IsUnordered { get; init; }
    internal bool HasBegin { get; set; }
    internal bool HasEnd { get; set; }
    internal List<byte[]> Payloads { get; init; } = [];
    internal int Octets { get; set; }
    internal bool IsWhole => HasBegin && HasEnd;

    internal bool Fits(FragmentRun next) =>
        !HasEnd && !next.HasBegin && Stream == next.Stream && IsUnordered == next.IsUnordered && (IsUnordered || Number == next.Number);

    internal void Append(FragmentRun next)
    {
        if (Payloads.Count < next.Payloads.Count)
        {
            // what is long stays where it is
            next.Payloads.InsertRange(0, Payloads);
            Payloads.Clear();
            Payloads.AddRange(next.Payloads);
        }
        else Payloads.AddRange(next.Payloads);
        (Last, HasEnd, Octets) = (next.Last, next.HasEnd, Octets + next.Octets);
    }

    internal byte[] Join()
    {
        if (Payloads.Count == 1) return Payloads[0];
        var message = new byte[Octets];
        var at = 0;
        foreach (var payload in Payloads)
        {
            payload.CopyTo(message, at);
            at += payload.Length;
        }
        return message;
    }
}

/// <summary>Fragments whose message is not whole yet, joined to runs as they come.</summary>
internal sealed class FragmentRuns
{
    private readonly Dictionary<uint, FragmentRun> _byFirst = [], _byLast = [];

    /// <summary>Fragments.</summary>
    internal int Count { get; private set; }
    internal int Octets { get; private set; }

    /// <summary>Takes one in.</summary>
    /// <returns>Its run, which is out of here when it is a whole message.</returns>
    internal FragmentRun Add(uint tsn, in DataChunk chunk)
    {
        var run = new FragmentRun
        {
            First = tsn,
            Last = tsn,
            Stream = chunk.Stream,
            Number = chunk.Number,
            Protocol = chunk.Protocol,
            IsUnordered = (chunk.Flags & DataFlags.Unordered) != 0,
            HasBegin = (chunk.Flags & DataFlags.Begin) != 0,
            HasEnd = (chunk.Flags & DataFlags.End) != 0,
            Payloads = [chunk.Payload.ToArray()],
            Octets = chunk.Payload.Length,
        };
        if (run.IsWhole) return run;
        (Count, Octets) = (Count + 1, Octets + run.Octets);
        if (_byLast.GetValueOrDefault(Serial.Previous(tsn)) is { } before && before.Fits(run))
        {
            _byLast.Remove(before.Last);
            before.Append(run);
            run = before;
        }
        if (_byFirst.GetValueOrDefault(Serial.Next(tsn)) is { } after && run.Fits(after))
        {
            _byFirst.Remove(after.First);
            _byLast.Remove(after.Last);
            run.Append(after);
        }
        (_byFirst[run.First], _byLast[run.Last]) = (run, run);
        if (run.IsWhole) Remove(run);
        return run;
    }

    /// <summary>What began up to there never becomes whole.</summary>
    internal void Forward(uint tsn)
    {
        if (_byFirst.Count == 0) return;
        foreach (var run in _byFirst.Values.Where(run => !Serial.IsBefore(tsn, run.First)).ToArray()) Remove(run);
    }

    private void Remove(FragmentRun run)
    {
        _byFirst.Remove(run.First);
        _byLast.Remove(run.Last);
        (Count, Octets) = (Count - run.Payloads.Count, Octets - run.Octets);
    }
}
