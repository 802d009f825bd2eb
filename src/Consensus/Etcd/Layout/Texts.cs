using System.Globalization;
using Google.Protobuf;

namespace VideoScale.Consensus.Etcd.Layout;

/// <summary>The last entry, as text: index and term.</summary>
internal readonly record struct HeadValue(ulong Index, ulong Term)
{
    internal ByteString Encode() => ByteString.CopyFromUtf8(string.Create(CultureInfo.InvariantCulture, $"{Index} {Term}"));

    /// <summary>No key: nothing has been appended yet.</summary>
    internal static HeadValue Decode(ByteString? value)
    {
        if (value is null) return default;
        var parts = Text.Parts(value, 2, "head");
        return new HeadValue(Text.Number(parts[0]), Text.Number(parts[1]));
    }
}

/// <summary>The entry of another log that this one goes on after, as text: index, term, and the highest term there.</summary>
internal static class PlaceValue
{
    internal static ByteString Encode(LogPlace place) =>
        ByteString.CopyFromUtf8(string.Create(CultureInfo.InvariantCulture, $"{place.Index} {place.Term} {place.SeenTerm}"));

    /// <summary>No key: the log began with entry 1.</summary>
    internal static LogPlace? Decode(ByteString? value)
    {
        if (value is null) return null;
        var parts = Text.Parts(value, 3, "place");
        return new LogPlace(Text.Number(parts[0]), Text.Number(parts[1]), Text.Number(parts[2]));
    }
}

/// <summary>Who leads: a member, and which of its processes.</summary>
internal readonly record struct LeaderValue(MemberId Member, ulong Process)
{
    internal ByteString Encode() => ByteString.CopyFromUtf8($"{Member} {Process.ToString("x", CultureInfo.InvariantCulture)}");

    internal static LeaderValue Decode(ByteString value)
    {
        var parts = Text.Parts(value, 2, "leader");
        return new LeaderValue(new MemberId(Text.Hexadecimal(parts[0])), Text.Hexadecimal(parts[1]));
    }
}

/// <summary>A snapshot in pieces.</summary>
/// <param name="First">Entries before it may be gone.</param>
/// <param name="Sha256">Of all pieces together, hexadecimal.</param>
internal sealed record SnapshotManifest(ulong Index, ulong Term, ulong First, int Pieces, long Bytes, string Sha256)
{
    internal ByteString Encode() =>
        ByteString.CopyFromUtf8(string.Create(CultureInfo.InvariantCulture, $"{Index} {Term} {First} {Pieces} {Bytes} {Sha256}"));

    internal static SnapshotManifest? Decode(ByteString? value)
    {
        if (value is null) return null;
        var parts = Text.Parts(value, 6, "snapshot");
        return new SnapshotManifest(Text.Number(parts[0]), Text.Number(parts[1]), Text.Number(parts[2]), (int)Text.Number(parts[3]),
            (long)Text.Number(parts[4]), parts[5]);
    }
}

/// <summary>Whose keys these are.</summary>
internal static class ClusterValue
{
    private const string Format = "1";

    internal static ByteString Encode(UInt128 clusterId) =>
        ByteString.CopyFromUtf8($"{Format} {clusterId.ToString("x32", CultureInfo.InvariantCulture)}");

    /// <returns>Why these keys are not of that cluster; null when they are.</returns>
    internal static string? Difference(ByteString value, UInt128 clusterId)
    {
        var wanted = clusterId.ToString("x32", CultureInfo.InvariantCulture);
        var parts = value.ToStringUtf8().Split(' ');
        if (parts.Length != 2) return $"its key \"cluster\" says \"{value.ToStringUtf8()}\", which is not ours";
        if (parts[0] != Format) return $"its keys have format {parts[0]}, this program knows {Format}";
        return parts[1] == wanted ? null : $"its keys are of cluster {parts[1]}, not {wanted}";
    }
}

/// <summary>Where a member is reached: consensus, API, HTTP, with a space between.</summary>
internal static class AddressValue
{
    internal static ByteString Encode(MemberAddress address) => ByteString.CopyFromUtf8($"{address.Raft} {address.Api} {address.Http}");

    internal static MemberAddress Decode(MemberId member, ByteString value)
    {
        var parts = Text.Parts(value, 3, "members/" + member);
        return new MemberAddress(member, parts[0], parts[1], parts[2]);
    }
}

internal static class Text
{
    /// <exception cref="FormatException">Nobody of ours wrote this.</exception>
    internal static string[] Parts(ByteString value, int count, string key)
    {
        var parts = value.ToStringUtf8().Split(' ');
        return parts.Length == count ? parts
            : throw new FormatException($"the key \"{key}\" says \"{value.ToStringUtf8()}\", which nobody of ours wrote");
    }

    internal static ulong Number(string text) => ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
        ? number : throw new FormatException($"\"{text}\" is not a number of ours");

    internal static ulong Hexadecimal(string text) =>
        ulong.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var number) ? number
            : throw new FormatException($"\"{text}\" is not a number of ours");
}
