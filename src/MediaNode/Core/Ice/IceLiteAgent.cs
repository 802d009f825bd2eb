using System.Text;

namespace VideoScale.MediaNode.Ice;

/// <summary>The short-term credentials of one side (RFC 8445 §5.3: at least 24 bits of fragment, 128 bits of password).</summary>
public sealed record IceCredentials(string UsernameFragment, string Password)
{
    internal byte[] PasswordOctets { get; } = Encoding.UTF8.GetBytes(Password);
    internal byte[] FragmentOctets { get; } = Encoding.UTF8.GetBytes(UsernameFragment);
}

/// <summary>What came of a datagram handed to the agent.</summary>
public enum IceOutcome : byte
{
    /// <summary>Not for us, or not made by the peer: nothing is answered, so spoofed traffic is never reflected.</summary>
    Ignored,
    /// <summary>Answer; the peer's address is as before.</summary>
    Answer,
    /// <summary>Answer; and from now on send to <see cref="IceLiteAgent.Selected"/>, which has changed.</summary>
    AnswerAndMove,
}

/// <summary>
/// ICE-lite for one peer (RFC 8445 §2.5): answers connectivity checks, follows the nominated pair, and withdraws consent when checks stop.
/// </summary>
/// <remarks>
/// A lite agent sends no checks of its own; the peer's authenticated checks on the selected pair are its consent to receive (RFC 7675 §5.1
/// asks for one in 30 s; browsers send one every 2.5 s or oftener).
/// </remarks>
public sealed class IceLiteAgent(IceCredentials local, IceCredentials remote)
{
    /// <summary>RFC 7675 §5.1: consent expires after 30 s.</summary>
    public const long ConsentUs = 30_000_000;

    private long _consentUntilUs;
    private bool _nominated;

    public IceCredentials Local { get; } = local;
    public IceCredentials Remote { get; } = remote;

    /// <summary>Where the peer receives; <see cref="TransportAddress.IsNone"/> before its first valid check.</summary>
    public TransportAddress Selected { get; private set; }
    public long ChecksAnswered { get; private set; }
    /// <summary>When the peer first chose a path under these credentials; 0 before.</summary>
    public long NominatedUs { get; private set; }

    /// <summary>
    /// The agent after an ICE restart (RFC 8445 §9): new credentials; media goes on over the old pair until a new one is nominated.
    /// </summary>
    public IceLiteAgent Restart(IceCredentials local, IceCredentials remote) =>
        new(local, remote) { _consentUntilUs = _consentUntilUs, Selected = Selected };

    /// <summary>The path to <see cref="Selected"/> has ended, as a connection does; the next pair that is checked carries media.</summary>
    public void Lose() => (Selected, _nominated) = (default, false);

    /// <summary>It had a path and lost it, and no other came while its consent would have lasted.</summary>
    public bool IsGivenUp(long nowUs) => Selected.IsNone && _consentUntilUs != 0 && nowUs >= _consentUntilUs;

    public bool HasConsent(long nowUs) => !Selected.IsNone && nowUs < _consentUntilUs;

    /// <summary>Handles one STUN datagram; writes the answer and its length where the outcome says so.</summary>
    public IceOutcome Handle(in StunMessage message, in TransportAddress from, long nowUs, Span<byte> answer, out int answerLength)
    {
        answerLength = 0;
        if (message.Type != StunMessage.BindingRequest || !NamesUs(message.Username) || !message.Verify(Local.PasswordOctets))
            return IceOutcome.Ignored;
        ChecksAnswered++;
        if (message.Controlled)
        {
            // A lite agent is always controlled, so the peer has to take the other role (RFC 8445 §7.3.1.1).
            var refusal = new StunWriter(answer, StunMessage.BindingError, message.TransactionId);
            refusal.Error(487, "Role Conflict"u8);
            answerLength = refusal.Finish(Local.PasswordOctets);
            return IceOutcome.Answer;
        }
        var success = new StunWriter(answer, StunMessage.BindingSuccess, message.TransactionId);
        success.XorMappedAddress(from);
        answerLength = success.Finish(Local.PasswordOctets);
        return Follow(from, message.UseCandidate, nowUs);
    }

    /// <summary>The first checked pair carries DTLS at once; from the first nomination on only a nominated pair may replace it.</summary>
    private IceOutcome Follow(in TransportAddress from, bool nominated, long nowUs)
    {
        var same = from == Selected;
        var move = !same && (nominated || !_nominated || nowUs >= _consentUntilUs);
        if (nominated && !_nominated) NominatedUs = nowUs;
        _nominated |= nominated;
        if (!same && !move) return IceOutcome.Answer;
        _consentUntilUs = nowUs + ConsentUs;
        Selected = from;
        return move ? IceOutcome.AnswerAndMove : IceOutcome.Answer;
    }

    /// <summary>USERNAME is "ours:theirs" (RFC 8445 §7.2.2); the remote half is checked only once it is known.</summary>
    private bool NamesUs(ReadOnlySpan<byte> username)
    {
        var colon = username.IndexOf((byte)':');
        return colon > 0 && username[..colon].SequenceEqual(Local.FragmentOctets)
            && (Remote.FragmentOctets.Length == 0 || username[(colon + 1)..].SequenceEqual(Remote.FragmentOctets));
    }

    /// <summary>Our own fragment in a USERNAME, by which the host finds the agent; empty when there is none.</summary>
    public static ReadOnlySpan<byte> LocalFragment(ReadOnlySpan<byte> username)
    {
        var colon = username.IndexOf((byte)':');
        return colon > 0 ? username[..colon] : default;
    }
}
