namespace VideoScale.MediaNode.Sctp;

/// <summary>Numbers that begin anew after their largest (RFC 1982): of TSNs, and of a stream's messages.</summary>
internal static class Serial
{
    internal static bool IsBefore(uint one, uint other) => unchecked((int)(one - other)) < 0;

    internal static bool IsBefore(ushort one, ushort other) => unchecked((short)(one - other)) < 0;

    internal static uint Next(uint number) => unchecked(number + 1);

    internal static ushort Next(ushort number) => unchecked((ushort)(number + 1));

    internal static uint Previous(uint number) => unchecked(number - 1);

    internal static uint Add(uint number, uint steps) => unchecked(number + steps);

    /// <summary>Steps from one to a later one.</summary>
    internal static uint Steps(uint from, uint to) => unchecked(to - from);
}
