using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;

namespace VideoScale.Consensus;

/// <summary>
/// The payload of a <see cref="EntryKind.Configuration"/> entry, little-endian: a version byte, three counted lists of member ids and, from
/// version 2 on, a counted list of addresses (member id, then three texts, each a length byte and UTF-8).
/// </summary>
public static class MembershipCodec
{
    /// <summary>Above any sane cluster; bounds what a corrupt payload can claim, and stack use in quorums.</summary>
    public const int MaxMembersPerList = 64;

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private const byte WithoutAddresses = 1;
    private const byte WithAddresses = 2;

    public static byte[] Encode(Membership membership)
    {
        ArgumentNullException.ThrowIfNull(membership);
        var texts = 0;
        foreach (var address in membership.Addresses)
            foreach (var text in Texts(address)) texts += 1 + Utf8.GetByteCount(text);
        var count = membership.Voters.Length + membership.OutgoingVoters.Length + membership.Learners.Length;
        var addresses = membership.Addresses.IsEmpty ? 0 : 4 + (8 * membership.Addresses.Length) + texts;
        var bytes = new byte[1 + 3 * 4 + 8 * count + addresses];
        bytes[0] = membership.Addresses.IsEmpty ? WithoutAddresses : WithAddresses;
        var rest = bytes.AsSpan(1);
        foreach (var list in (ReadOnlySpan<ImmutableArray<MemberId>>)[membership.Voters, membership.OutgoingVoters, membership.Learners])
            Encode(list, ref rest);
        if (!membership.Addresses.IsEmpty) Encode(membership.Addresses, ref rest);
        return bytes;
    }

    /// <exception cref="FormatException">The payload is not a membership.</exception>
    public static Membership Decode(ReadOnlySpan<byte> payload)
    {
        if (payload.IsEmpty || payload[0] is < WithoutAddresses or > WithAddresses) throw new FormatException("unknown membership version");
        var version = payload[0];
        payload = payload[1..];
        var voters = DecodeList(ref payload);
        var outgoing = DecodeList(ref payload);
        var learners = DecodeList(ref payload);
        var addresses = version == WithAddresses ? DecodeAddresses(ref payload) : [];
        if (!payload.IsEmpty) throw new FormatException("bytes after a membership");
        return new Membership(voters, outgoing, learners) { Addresses = addresses };
    }

    private static string[] Texts(MemberAddress address) => [address.Raft, address.Api, address.Http];

    private static void Encode(ImmutableArray<MemberId> list, ref Span<byte> rest)
    {
        WriteCount(list.Length, ref rest);
        foreach (var member in list) WriteId(member, ref rest);
    }

    private static void Encode(ImmutableArray<MemberAddress> addresses, ref Span<byte> rest)
    {
        WriteCount(addresses.Length, ref rest);
        foreach (var address in addresses)
        {
            WriteId(address.Member, ref rest);
            foreach (var text in Texts(address))
            {
                var length = Utf8.GetBytes(text, rest[1..]);
                rest[0] = checked((byte)length);
                rest = rest[(1 + length)..];
            }
        }
    }

    private static void WriteCount(int count, ref Span<byte> rest)
    {
        BinaryPrimitives.WriteInt32LittleEndian(rest, count);
        rest = rest[4..];
    }

    private static void WriteId(MemberId member, ref Span<byte> rest)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(rest, member.Value);
        rest = rest[8..];
    }

    private static int DecodeCount(ref ReadOnlySpan<byte> payload)
    {
        if (payload.Length < 4) throw new FormatException("membership cut short");
        var count = BinaryPrimitives.ReadInt32LittleEndian(payload);
        if (count is < 0 or > 3 * MaxMembersPerList) throw new FormatException("membership with an impossible count");
        payload = payload[4..];
        return count;
    }

    private static MemberId DecodeId(ref ReadOnlySpan<byte> payload)
    {
        if (payload.Length < 8) throw new FormatException("membership cut short");
        var member = new MemberId(BinaryPrimitives.ReadUInt64LittleEndian(payload));
        payload = payload[8..];
        return member;
    }

    private static ImmutableArray<MemberId> DecodeList(ref ReadOnlySpan<byte> payload)
    {
        var count = DecodeCount(ref payload);
        if (count > MaxMembersPerList) throw new FormatException("membership with an impossible count");
        var members = ImmutableArray.CreateBuilder<MemberId>(count);
        for (var i = 0; i < count; i++)
        {
            var member = DecodeId(ref payload);
            if (i > 0 && members[i - 1].CompareTo(member) >= 0) throw new FormatException("members out of order");
            members.Add(member);
        }
        return members.MoveToImmutable();
    }

    private static ImmutableArray<MemberAddress> DecodeAddresses(ref ReadOnlySpan<byte> payload)
    {
        var count = DecodeCount(ref payload);
        if (count == 0) throw new FormatException("a membership of version 2 without addresses");
        var addresses = ImmutableArray.CreateBuilder<MemberAddress>(count);
        for (var i = 0; i < count; i++)
        {
            var member = DecodeId(ref payload);
            if (i > 0 && addresses[i - 1].Member.CompareTo(member) >= 0) throw new FormatException("addresses out of order");
            addresses.Add(new MemberAddress(member, DecodeText(ref payload), DecodeText(ref payload), DecodeText(ref payload)));
        }
        return addresses.MoveToImmutable();
    }

    private static string DecodeText(ref ReadOnlySpan<byte> payload)
    {
        if (payload.IsEmpty || payload.Length - 1 < payload[0]) throw new FormatException("membership cut short");
        string text;
        try { text = Utf8.GetString(payload.Slice(1, payload[0])); }
        catch (ArgumentException e) { throw new FormatException("an address that is not UTF-8", e); }
        payload = payload[(1 + payload[0])..];
        return text;
    }
}
