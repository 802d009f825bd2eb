using System.Globalization;
using Google.Protobuf;

namespace VideoScale.Consensus.Etcd.Layout;

/// <summary>Where things stand in etcd. All keys begin with the prefix; numbers have twenty digits, so that keys sort as they do.</summary>
internal sealed class EtcdKeys
{
    private const string Log = "log/";
    private const string PieceFolder = "pieces/";
    private const string MemberFolder = "members/";
    private const string PresenceFolder = "present/";
    private const string ComerFolder = "moved/";

    /// <param name="termsBefore">Of the logs that this one goes on after.</param>
    internal EtcdKeys(string prefix, UInt128 clusterId, ulong termsBefore = 0)
    {
        TermsBefore = termsBefore;
        var given = prefix.Length > 0 ? prefix : $"/videoscale/{clusterId.ToString("x32", CultureInfo.InvariantCulture)}";
        Prefix = given.EndsWith('/') ? given : given + "/";
        Cluster = Key("cluster");
        Leader = Key("leader");
        Head = Key("head");
        Handover = Key("handover");
        Manifest = Key("snapshot");
        Never = Key("never");
        Place = Key("place");
        All = Key("");
        AllEnd = EndOf(All);
        Entries = Key(Log);
        EntriesEnd = EndOf(Entries);
        Pieces = Key(PieceFolder);
        Members = Key(MemberFolder);
        MembersEnd = EndOf(Members);
        Presences = Key(PresenceFolder);
        PresencesEnd = EndOf(Presences);
        Comers = Key(ComerFolder);
        ComersEnd = EndOf(Comers);
    }

    internal string Prefix { get; }

    /// <summary>The highest term of the logs that this one goes on after: its own are above; 0 when it began with entry 1.</summary>
    internal ulong TermsBefore { get; }

    /// <summary>Whose keys these are, and in which format.</summary>
    internal ByteString Cluster { get; }
    /// <summary>
    /// Who leads; its create revision, and what terms there were before, is the term. It goes with its owner's lease.
    /// </summary>
    internal ByteString Leader { get; }
    /// <summary>The last entry: every append compares it and writes it anew.</summary>
    internal ByteString Head { get; }
    /// <summary>Who shall lead next.</summary>
    internal ByteString Handover { get; }
    /// <summary>The snapshot that stands in for entries that are gone.</summary>
    internal ByteString Manifest { get; }
    /// <summary>Is never written: what a transaction deletes in the branch that is not taken.</summary>
    internal ByteString Never { get; }
    /// <summary>Which entry of another log this one goes on after; not there when it began with entry 1.</summary>
    internal ByteString Place { get; }
    internal ByteString All { get; }
    internal ByteString AllEnd { get; }
    internal ByteString Entries { get; }
    internal ByteString EntriesEnd { get; }
    internal ByteString Pieces { get; }
    internal ByteString Members { get; }
    internal ByteString MembersEnd { get; }
    internal ByteString Presences { get; }
    internal ByteString PresencesEnd { get; }
    internal ByteString Comers { get; }
    internal ByteString ComersEnd { get; }

    internal ByteString Entry(ulong index) => Key(Log + Digits(index));

    internal ByteString Member(MemberId member) => Key(MemberFolder + member);

    /// <summary>A process that runs, and how far it is; it goes with its owner's lease.</summary>
    internal ByteString Presence(MemberId member) => Key(PresenceFolder + member);

    /// <summary>A member that has left the log before this one.</summary>
    internal ByteString Comer(MemberId member) => Key(ComerFolder + member);

    internal ulong TermOf(long leaderCreated) => TermsBefore + (ulong)leaderCreated;

    /// <summary>The leader's create revision in a term.</summary>
    internal long CreatedIn(ulong term) => checked((long)(term - TermsBefore));

    internal ByteString PiecesOf(ulong snapshot) => Key($"{PieceFolder}{Digits(snapshot)}/");

    internal ByteString Piece(ulong snapshot, int number) =>
        Key($"{PieceFolder}{Digits(snapshot)}/{number.ToString("D6", CultureInfo.InvariantCulture)}");

    internal static string NameOf(ByteString key) => key.ToStringUtf8();

    /// <returns>The index of an entry's key; null for any other key.</returns>
    internal ulong? IndexOf(ByteString key)
    {
        if (!key.Span.StartsWith(Entries.Span)) return null;
        var rest = key.Span[Entries.Length..];
        return rest.Length == 20 && ulong.TryParse(rest, NumberStyles.None, CultureInfo.InvariantCulture, out var index) ? index : null;
    }

    internal MemberId? MemberOf(ByteString key) => MemberUnder(Members, key);

    internal MemberId? PresentOf(ByteString key) => MemberUnder(Presences, key);

    internal MemberId? ComerOf(ByteString key) => MemberUnder(Comers, key);

    /// <summary>Whether a key under the prefix is one of those that are written here.</summary>
    internal bool IsOurs(ByteString key) => key == Cluster || key == Leader || key == Head || key == Handover || key == Manifest
        || key == Place || ComerOf(key) is not null
        || IndexOf(key) is not null || MemberOf(key) is not null || PresentOf(key) is not null
        || key.Span.StartsWith(Pieces.Span);

    /// <summary>The first key behind all that begin with this one.</summary>
    internal static ByteString EndOf(ByteString start)
    {
        var end = start.ToByteArray();
        end[^1]++; // a slash, or a letter of ours: never the last byte there is
        return ByteString.CopyFrom(end);
    }

    private static MemberId? MemberUnder(ByteString folder, ByteString key)
    {
        if (!key.Span.StartsWith(folder.Span)) return null;
        return ulong.TryParse(key.Span[folder.Length..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var id)
            && id != 0
            ? new MemberId(id) : null;
    }

    private ByteString Key(string rest) => ByteString.CopyFromUtf8(Prefix + rest);

    private static string Digits(ulong number) => number.ToString("D20", CultureInfo.InvariantCulture);
}
