using System.Buffers.Binary;
using System.Text;
using VideoScale.MediaNode.Ice;
using VideoScale.MediaNode.Tests.Fuzzing;

namespace VideoScale.MediaNode.Tests.Ice;

public class IceTests
{
    private static readonly TransportAddress Home = TransportAddress.V4(0x7F000001, 40000);
    private static readonly TransportAddress Mobile = TransportAddress.From(System.Net.IPAddress.Parse("2001:db8::7").GetAddressBytes(),
        40001);
    private readonly byte[] _answer = new byte[256];
    private readonly IceLiteAgent _agent = new(new("ours", "a password of enough letters"), new("theirs", "unused"));

    private IceOutcome Handle(byte[] datagram, TransportAddress from, long nowUs, out byte[] answer)
    {
        Assert.True(StunMessage.TryParse(datagram, out var message));
        var outcome = _agent.Handle(message, from, nowUs, _answer, out var length);
        answer = _answer[..length];
        return outcome;
    }

    /// <summary>RFC 5769 §2.1: a request whose integrity and fingerprint are known.</summary>
    [Fact]
    public void The_sample_request_of_the_rfc_verifies()
    {
        var sample = Convert.FromHexString(
            "000100582112A442B7E7A701BC34D686FA87DFAE802200105354554E207465737420636C69656E74002400046E0001FF80290008932FF9B151263B36" +
            "000600096576746A3A68367659202020000800149AEAA70CBFD8CB56781EF2B5B2D3F249C1B571A280280004E57A3BCF");
        Assert.True(StunMessage.TryParse(sample, out var message));
        Assert.Equal("evtj:h6vY", Encoding.UTF8.GetString(message.Username));
        Assert.Equal(0x6E0001FFu, message.Priority);
        Assert.True(message.Controlled);
        Assert.True(message.Verify("VOkJxbRl1RmTxUk/WvJxBt"u8));
        Assert.False(message.Verify("VOkJxbRl1RmTxUk/WvJxBu"u8));
        sample[40] ^= 1;
        Assert.False(StunMessage.TryParse(sample, out _));
    }

    [Fact]
    public void A_check_is_answered_with_the_address_it_came_from()
    {
        foreach (var from in new[] { Home, Mobile })
        {
            Assert.Equal(IceOutcome.AnswerAndMove, Handle(Samples.Check(_agent, useCandidate: true), from, 5, out var answer));
            Assert.True(StunMessage.TryParse(answer, out var message));
            Assert.Equal(StunMessage.BindingSuccess, message.Type);
            Assert.True(message.Verify(Encoding.UTF8.GetBytes(_agent.Local.Password)));
            Assert.Equal("transaction!", Encoding.ASCII.GetString(message.TransactionId));
            var octets = new byte[from.IsV6 ? 16 : 4];
            for (var i = 0; i < octets.Length; i++) octets[i] = (byte)(answer[28 + i] ^ answer[4 + i]);
            var port = (ushort)(BinaryPrimitives.ReadUInt16BigEndian(answer.AsSpan(26)) ^ 0x2112);
            Assert.Equal(from, TransportAddress.From(octets, port));
        }
    }

    [Fact]
    public void What_the_peer_did_not_make_is_not_answered()
    {
        Assert.Equal(IceOutcome.Ignored,
            Handle(Samples.Check(_agent, true, password: "another password, just as long"), Home, 1, out var answer));
        Assert.Empty(answer);
        Assert.Equal(IceOutcome.Ignored, Handle(Samples.Check(_agent, true, username: "ours:strangers"), Home, 1, out _));
        Assert.Equal(IceOutcome.Ignored, Handle(Samples.Check(_agent, true, username: "other:theirs"), Home, 1, out _));
        Assert.True(_agent.Selected.IsNone);
    }

    [Fact]
    public void A_peer_that_claims_the_controlled_role_is_told_of_the_conflict()
    {
        Assert.Equal(IceOutcome.Answer, Handle(Samples.Check(_agent, false, controlled: true), Home, 1, out var answer));
        Assert.True(StunMessage.TryParse(answer, out var message));
        Assert.Equal(StunMessage.BindingError, message.Type);
        Assert.Equal((4, 87), (answer[26], answer[27]));
        Assert.True(_agent.Selected.IsNone);
    }

    [Fact]
    public void Only_a_nomination_moves_a_nominated_peer()
    {
        Handle(Samples.Check(_agent, useCandidate: true), Home, 1, out _);
        Assert.Equal(IceOutcome.Answer, Handle(Samples.Check(_agent, useCandidate: false), Mobile, 2, out _));
        Assert.Equal(Home, _agent.Selected);
        Assert.Equal(IceOutcome.AnswerAndMove, Handle(Samples.Check(_agent, useCandidate: true), Mobile, 3, out _));
        Assert.Equal(Mobile, _agent.Selected);
    }

    [Fact]
    public void Consent_lasts_thirty_seconds_from_the_last_check_on_the_selected_pair()
    {
        Assert.False(_agent.HasConsent(0));
        Handle(Samples.Check(_agent, useCandidate: true), Home, 1_000_000, out _);
        Assert.True(_agent.HasConsent(30_999_999));
        Assert.False(_agent.HasConsent(31_000_000));
        Handle(Samples.Check(_agent, useCandidate: false), Home, 20_000_000, out _);
        Handle(Samples.Check(_agent, useCandidate: false), Mobile, 25_000_000, out _);
        Assert.True(_agent.HasConsent(49_999_999));
        Assert.False(_agent.HasConsent(50_000_000));
    }
}
