using LiveKit.Proto;
using Microsoft.Extensions.Logging;
using VideoScale.Gateway.Signalling;
using VideoScale.Gateway.Tokens;
using VideoScale.V1;

namespace VideoScale.Gateway.Whip;

/// <summary>A session that was opened for an offer.</summary>
/// <param name="OthersPublish">Somebody else publishes in the room.</param>
internal sealed record AnsweredOffer(string ParticipantSid, SessionDescription Answer, bool OthersPublish);

/// <summary>
/// Sessions of clients without signalling: each request is a short conversation in LiveKit's signalling with the node that has the
/// session. Between two of them no gateway holds anything of it, so any gateway serves the next.
/// </summary>
internal sealed class WhipSessions(SignalServices services, ILogger logger)
{
    /// <summary>Longer than a session waits for its node (<see cref="SessionTiming.JoinMs"/>).</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);
    /// <summary>A node says why it refused a track right after its answer.</summary>
    private static readonly TimeSpan ReasonPatience = TimeSpan.FromMilliseconds(500);
    /// <summary>Two requests for one session at the same moment: the later one takes it from the earlier.</summary>
    private const int MaxAttempts = 3;

    /// <summary>Opens a session and has its offer answered.</summary>
    /// <param name="accept">Says why the answer will not do, from the node's own words if it has any: the session is over then.</param>
    internal async Task<(AnsweredOffer? Answered, WhipReply? Refused)> OpenAsync(ParticipantGrants grants, ClientWish wish,
        Func<AnsweredOffer, string, WhipReply?> accept, CancellationToken aborted)
    {
        var client = new DirectClient();
        using var session = new SessionRunner(services, client, grants, wish, token: "", logger);
        var running = session.RunAsync();
        AnsweredOffer? answered = null;
        WhipReply? refused = null;
        try
        {
            answered = await HearAnswerAsync(client, aborted);
            if (answered is not null && accept(answered, "") is not null) refused = accept(answered, await HearReasonAsync(client));
        }
        finally
        {
            if (answered is null || refused is not null) Leave(client);
            client.Close();
            await running;
        }
        if (refused is not null) return (null, refused);
        if (answered is not null) return (answered, null);
        return (null, session.Refusal is { } refusal ? WhipReply.Of(refusal)
            : WhipReply.Unavailable("the session ended before it was answered"));
    }

    /// <summary>Ends a session.</summary>
    /// <returns>False when there is none.</returns>
    internal async Task<bool> EndAsync(ParticipantGrants grants, string participantSid)
    {
        for (var attempt = 1; ; attempt++)
        {
            var (isThere, ended, _) = await TakeUpAsync<object>(grants, participantSid, (client, _, _) =>
            {
                Leave(client);
                return Task.FromResult<object?>(null);
            });
            if (!isThere || ended is not SessionEndReason.TakenOver || attempt == MaxAttempts) return isThere;
        }
    }

    /// <summary>Takes a session up and talks to its node.</summary>
    /// <param name="talk">Null for its result: the session is left as it is.</param>
    internal async Task<(bool IsThere, SessionEndReason? Ended, T? Result)> TakeUpAsync<T>(ParticipantGrants grants, string participantSid,
        Func<DirectClient, UnattendedSession, CancellationToken, Task<T?>> talk) where T : class
    {
        var client = new DirectClient();
        var wish = new ClientWish(new JoinRequest { Reconnect = true, ParticipantSid = participantSid }, HasTwoConnections: false)
        {
            IsUnattended = true,
        };
        using var session = new SessionRunner(services, client, grants, wish, token: "", logger);
        var running = session.RunAsync();
        using var patience = new CancellationTokenSource(Patience, services.Clock);
        var (isThere, result) = (false, default(T));
        try
        {
            // A session that was ended on purpose is let back first, and told so (`Session.SayOverAtReturn`).
            isThere = await client.HearAsync(patience.Token) is { Reconnect: not null } && session.Unattended is not null;
            if (isThere) result = await talk(client, session.Unattended!, patience.Token);
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested) { }
        finally
        {
            client.Close();
            await running;
        }
        return (isThere, session.EndReason, result);
    }

    /// <summary>The answer to what was said last.</summary>
    /// <returns>Null when none comes.</returns>
    internal static async Task<SessionDescription?> HearAnswerToAsync(DirectClient client, CancellationToken cancellationToken)
    {
        while (await client.HearAsync(cancellationToken) is { } told)
            if (told.Answer is { } answer) return answer;
        return null;
    }

    private static async Task<AnsweredOffer?> HearAnswerAsync(DirectClient client, CancellationToken aborted)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(aborted);
        patience.CancelAfter(Patience);
        var (sid, othersPublish) = ("", false);
        try
        {
            while (await client.HearAsync(patience.Token) is { } told)
            {
                if (told.Join is { } join)
                    (sid, othersPublish) = (join.Participant.Sid, join.OtherParticipants.Any(other => other.Tracks.Count > 0));
                else if (told.Update is { } update)
                    othersPublish |= update.Participants.Any(other => other.Sid != sid && other.Tracks.Count > 0);
                else if (told.Answer is { } answer) return new AnsweredOffer(sid, answer, othersPublish);
                else if (told.Leave is not null) return null;
            }
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested) { } // whoever asked has gone, or nobody answers
        return null;
    }

    private async Task<string> HearReasonAsync(DirectClient client)
    {
        using var patience = new CancellationTokenSource(ReasonPatience, services.Clock);
        try
        {
            while (await client.HearAsync(patience.Token) is { } told)
                if (told.RequestResponse is { Message.Length: > 0 } answer) return answer.Message;
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested) { }
        return "";
    }

    private static void Leave(DirectClient client) =>
        client.Say(new SignalRequest { Leave = new LeaveRequest { Reason = DisconnectReason.ClientInitiated } });
}
