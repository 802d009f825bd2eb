using VideoScale.Consensus.Core;
using VideoScale.Harness;

namespace VideoScale.Consensus.Tests.Core;

public sealed class MembershipCodecTests
{
    [Fact]
    public void What_was_encoded_is_decoded() => Seeds.Run(300, random =>
    {
        MemberId[] Some() =>
            [.. Enumerable.Range(0, random.Next(6)).Select(_ => new MemberId((ulong)random.NextInt64(1, long.MaxValue))).Distinct()];
        var membership = Membership.Of(Some()) with
        {
            OutgoingVoters = Membership.Of(Some()).Voters,
            Learners = Membership.Of(Some()).Voters,
        };
        Assert.Equal(membership, MembershipCodec.Decode(MembershipCodec.Encode(membership)));
    });

    [Fact]
    public void Damaged_bytes_are_refused_or_decode_to_something_that_encodes_to_them() => Seeds.Run(3_000, random =>
    {
        var bytes = MembershipCodec.Encode(Membership.Of(new MemberId(3), new MemberId(9)) with { Learners = [new MemberId(12)] });
        for (var flips = 1 + random.Next(3); flips > 0; flips--) bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
        if (random.Next(4) == 0) bytes = bytes[..random.Next(bytes.Length)];
        try { Assert.Equal(bytes, MembershipCodec.Encode(MembershipCodec.Decode(bytes))); }
        catch (FormatException) { } // refused, as it should be
    });
}
