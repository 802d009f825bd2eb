using Microsoft.AspNetCore.Http;
using VideoScale.Gateway.Ports;
using VideoScale.Gateway.Tokens;
using VideoScale.Model;

namespace VideoScale.Gateway.Rooms;

/// <summary>What a request to join, or for a session that was joined, is refused for before anything is asked of others.</summary>
internal sealed class JoinCheck(TokenVerifier tokens, IReplicaHealth health, Admission admission)
{
    /// <returns>The grants, or an HTTP status and one line that says what is wrong.</returns>
    internal async Task<(ParticipantGrants? Grants, int Status, string Problem)> CheckAsync(HttpContext context)
    {
        var (grants, problem) = await tokens.VerifyAsync(BearerToken.Of(context.Request));
        if (grants is null) return (null, StatusCodes.Status401Unauthorized, problem);
        if (grants.RefuseJoin() is { } refusal) return (null, StatusCodes.Status403Forbidden, refusal.Message);
        if ((RoomName.Check("room", grants.Room) ?? grants.RefuseTexts()) is { } wrong)
            return (null, StatusCodes.Status400BadRequest, wrong.Message);
        return (grants, StatusCodes.Status200OK, "");
    }

    /// <summary>
    /// Said instead of trying what could only fail: a balancer, or the client, then goes to another replica at once. A session that lives
    /// on needs no leader.
    /// </summary>
    internal async ValueTask<string?> CannotSeatAsync(ParticipantGrants grants) =>
        health.Leaderless is { } why && await admission.FindKeptAsync(grants) is null ? why.Message : null;
}
