using System.Buffers.Binary;
using System.Collections.Immutable;

namespace VideoScale.Consensus;

/// <summary>The payload of a <see cref="EntryKind.Configuration"/> entry: a version byte, then three counted lists of member ids, little-endian.</summary>
public static class MembershipCodec
{
    private const byte Version = 1;
    private const int MaxMembersPerList = 64; // far above any sane cluster; bounds what a corrupt payload can claim

    public static byte[] Encode(Membership membership)
    {
        var bytes = new byte[1 + 3 * 4 + 8 * (membership.Voters.Length + membership.OutgoingVoters.Length + membership.Learners.Length)];
        bytes[0] = Version;
        var at = 1;
        foreach (var list in (ReadOnlySpan<ImmutableArray<MemberId>>)[membership.Voters, membership.OutgoingVoters, membership.Learners])
        {
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(at), list.Length);
            at += 4;
            foreach (var member in list)
            {
                BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(at), member.Value);
                at += 8;
            }
        }
        return bytes;
    }

    /// <exception cref="FormatException">The payload is not a membership.</exception>
    public static Membership Decode(ReadOnlySpan<byte> payload)
    {
        if (payload.IsEmpty || payload[0] != Version) throw new FormatException("unknown membership version");
        payload = payload[1..];
        var voters = DecodeList(ref payload);
        var outgoing = DecodeList(ref payload);
        var learners = DecodeList(ref payload);
        if (!payload.IsEmpty) throw new FormatException("bytes after a membership");
        return new Membership(voters, outgoing, learners);
    }

    private static ImmutableArray<MemberId> DecodeList(ref ReadOnlySpan<byte> payload)
    {
        if (payload.Length < 4) throw new FormatException("membership cut short");
        var count = BinaryPrimitives.ReadInt32LittleEndian(payload);
        if (count is < 0 or > MaxMembersPerList || payload.Length < 4 + 8 * count) throw new FormatException("membership list out of range");
        var members = ImmutableArray.CreateBuilder<MemberId>(count);
        for (var i = 0; i < count; i++)
        {
            var member = new MemberId(BinaryPrimitives.ReadUInt64LittleEndian(payload[(4 + 8 * i)..]));
            if (i > 0 && member.CompareTo(members[i - 1]) <= 0) throw new FormatException("membership not in ascending order");
            members.Add(member);
        }
        payload = payload[(4 + 8 * count)..];
        return members.MoveToImmutable();
    }
}
