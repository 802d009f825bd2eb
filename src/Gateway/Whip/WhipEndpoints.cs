using System.Buffers;
using System.Text;
using LiveKit.Proto;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Net.Http.Headers;
using VideoScale.Gateway.Ports;
using VideoScale.Gateway.Rooms;
using VideoScale.Gateway.Signalling;
using VideoScale.Gateway.Tokens;
using VideoScale.Model;

namespace VideoScale.Gateway.Whip;

/// <summary>WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep): sessions by HTTP alone.</summary>
internal sealed class WhipEndpoints(SignalServices services, JoinCheck check, IReplicaHealth health, ILogger logger)
{
    internal const string SdpType = "application/sdp";
    /// <summary>A browser's offer has 10 KB.</summary>
    internal const int MaxBodyBytes = 256 * 1024;
    /// <summary>Players come back by then to see whether somebody publishes (draft-ietf-wish-whep).</summary>
    private static readonly TimeSpan NothingToWatch = TimeSpan.FromSeconds(3);
    private const string Exposed = "Location, ETag, Link, Retry-After, Accept-Post, Accept-Patch, WWW-Authenticate";

    private readonly WhipSessions _sessions = new(services, logger);

    internal async Task ServeAsync(HttpContext context)
    {
        var path = WhipPath.Parse(context.Request.Path);
        context.Response.Headers.AccessControlExposeHeaders = Exposed;
        if (path is { Session: null }) context.Response.Headers["Accept-Post"] = SdpType;
        else if (path is not null) context.Response.Headers["Accept-Patch"] = IceFragment.MediaType;
        if (CrossOrigin.Allow(context, path?.Methods)) return;
        var reply = path is null ? new WhipReply(StatusCodes.Status404NotFound, "404 page not found")
            : !health.IsServing ? WhipReply.Unavailable("this replica is stopping; ask another one")
            : await ServeAsync(context, path);
        await reply.WriteAsync(context);
    }

    private Task<WhipReply> ServeAsync(HttpContext context, WhipPath path) => (context.Request.Method, path.Session) switch
    {
        // Neither has a representation (RFC 9725 §4.1).
        ("GET" or "HEAD", _) => Task.FromResult(WhipReply.Empty(StatusCodes.Status204NoContent)),
        ("POST", null) => PostAsync(context, path),
        ("DELETE", { } session) => WithGrantsAsync(context, grants => DeleteAsync(grants, session)),
        ("PATCH", { } session) => WithGrantsAsync(context, grants => PatchAsync(context, grants, session)),
        _ => Task.FromResult(new WhipReply(StatusCodes.Status405MethodNotAllowed, $"allowed here: {path.Methods}")
            .With("Allow", path.Methods)),
    };

    private async Task<WhipReply> WithGrantsAsync(HttpContext context, Func<ParticipantGrants, Task<WhipReply>> serve)
    {
        var (grants, status, problem) = await check.CheckAsync(context);
        return grants is null ? WhipReply.Refused(status, problem) : await serve(grants);
    }

    private Task<WhipReply> PostAsync(HttpContext context, WhipPath path) => WithGrantsAsync(context, async grants =>
    {
        if (!IsOf(context, SdpType)) return WrongType(SdpType);
        if (await ReadAsync(context) is not { } text) return TooLarge;
        var offer = SdpOutline.Parse(text);
        if (WhipOffer.Check(offer, path.Publishes) is { } wrong) return new WhipReply(StatusCodes.Status400BadRequest, wrong);
        if (path.Publishes && WhipOffer.CheckTracks(offer!) is { } unserved)
            return new WhipReply(StatusCodes.Status422UnprocessableEntity, unserved);
        if (path.Publishes && WhipOffer.Refuse(offer!, grants) is { } not) return WhipReply.Refused(StatusCodes.Status403Forbidden, not);
        if (!path.Publishes && !grants.CanSubscribe)
            return WhipReply.Refused(StatusCodes.Status403Forbidden, "the token does not grant canSubscribe");
        if (await check.CannotSeatAsync(grants) is { } why) return WhipReply.Unavailable(why);
        if (!path.Publishes)
        {
            // A room is not made for somebody to watch it.
            if (await services.Places.LookAsync(RoomName.IdOf(grants.Room)) is not { IsOpen: true }) return Nothing;
            // Whoever only watches is seen by nobody, and publishes nothing.
            grants = grants with { Hidden = true, CanPublish = false, CanPublishData = false };
        }
        var (answered, refused) = await _sessions.OpenAsync(grants, Wish(text, offer!, grants, path), Judge, context.RequestAborted);
        return refused ?? Created(context, path, grants, answered!);

        WhipReply? Judge(AnsweredOffer made, string reason) => path.Publishes ? JudgePublished(offer!, made, reason) : JudgeWatched(made);
    });

    private static ClientWish Wish(string text, SdpOutline offer, ParticipantGrants grants, WhipPath path)
    {
        var join = new JoinRequest
        {
            ConnectionSettings = new ConnectionSettings { AutoSubscribe = false },
            PublisherOffer = new SessionDescription { Type = "offer", Sdp = text, Id = 1 },
        };
        if (path.Publishes) join.AddTrackRequests.AddRange(WhipOffer.Tracks(offer, WhipOffer.IsScreen(grants)));
        return new ClientWish(join, HasTwoConnections: false) { IsUnattended = true, Watches = !path.Publishes };
    }

    /// <summary>Half of what was offered would mislead whoever sends it (RFC 9725 §4.4.3).</summary>
    private static WhipReply? JudgePublished(SdpOutline offer, AnsweredOffer made, string reason)
    {
        var taken = SdpOutline.Parse(made.Answer.Sdp)?.Sections.Count(section => section.IsMedia && section.Receives) ?? 0;
        return taken >= offer.Sections.Count(section => section.Sends) ? null
            : new WhipReply(StatusCodes.Status422UnprocessableEntity,
                reason.Length > 0 ? reason : "a section of the offer cannot be taken");
    }

    private static WhipReply? JudgeWatched(AnsweredOffer made) => made.Answer.MidToTrackId.Count > 0 ? null
        : made.OthersPublish ? new WhipReply(StatusCodes.Status422UnprocessableEntity, "the offer takes nothing of what is published")
        : Nothing;

    private static WhipReply Nothing =>
        new WhipReply(StatusCodes.Status409Conflict, "nobody publishes in the room yet").RetryAfter(NothingToWatch);

    private WhipReply Created(HttpContext context, WhipPath path, ParticipantGrants grants, AnsweredOffer answered)
    {
        // A token in the URL is needed again for what follows; one in a header clients send by themselves.
        var token = context.Request.Query["access_token"].ToString();
        var reply = new WhipReply(StatusCodes.Status201Created, answered.Answer.Sdp, SdpType)
            .With("Location", path.Of(answered.ParticipantSid) + (token.Length > 0 ? "?access_token=" + Uri.EscapeDataString(token) : ""))
            .With("ETag", EntityTag(SdpOutline.Parse(answered.Answer.Sdp)?.IceFragment ?? ""));
        return services.Turn is { } turn ? reply.WithIceServers(turn.For(SeatName.Of(grants.Identity))) : reply;
    }

    private async Task<WhipReply> DeleteAsync(ParticipantGrants grants, string session) =>
        await _sessions.EndAsync(grants, session) ? WhipReply.Empty(StatusCodes.Status200OK) : NoSession(session);

    private async Task<WhipReply> PatchAsync(HttpContext context, ParticipantGrants grants, string session)
    {
        if (!IsOf(context, IceFragment.MediaType)) return WrongType(IceFragment.MediaType);
        if (await ReadAsync(context) is not { } text) return TooLarge;
        if (IceFragment.Parse(text) is not { } fragment)
            return new WhipReply(StatusCodes.Status400BadRequest, "the fragment has no ice-ufrag and ice-pwd (RFC 8840)");
        var ifMatch = context.Request.Headers.IfMatch.ToString().Trim();
        var (isThere, _, reply) = await _sessions.TakeUpAsync<WhipReply>(grants, session, async (client, known, limit) =>
        {
            if (ifMatch is not ("" or "*") && ifMatch != EntityTag(known.IceFragment))
                return new WhipReply(StatusCodes.Status412PreconditionFailed, $"the ICE session is {EntityTag(known.IceFragment)}");
            // The node's agent is lite: it learns from checks where its client is, and needs no candidates.
            if (ifMatch != "*" && SdpOutline.Parse(known.Offer)?.IceFragment == fragment.Fragment)
                return WhipReply.Empty(StatusCodes.Status204NoContent);
            // Players in the field trickle without it, which does no harm.
            if (ifMatch.Length == 0)
                return new WhipReply(StatusCodes.Status428PreconditionRequired, "If-Match: * begins another ICE session");
            // One that comes again, since its answer was lost, or behind a candidate of its own: the node begins nothing anew, and says
            // what it said.
            client.Say(new SignalRequest
            {
                Offer = new SessionDescription
                {
                    Type = "offer",
                    Sdp = SdpOutline.Renew(known.Offer, fragment.Fragment, fragment.Password),
                    Id = 1,
                },
            });
            return await WhipSessions.HearAnswerToAsync(client, limit) is not { } answer ? null
                : new WhipReply(StatusCodes.Status200OK, IceFragment.Of(answer.Sdp), IceFragment.MediaType)
                    .With("ETag", EntityTag(SdpOutline.Parse(answer.Sdp)?.IceFragment ?? ""));
        });
        return !isThere ? NoSession(session) : reply ?? WhipReply.Unavailable("the node does not answer");
    }

    private static WhipReply NoSession(string session) =>
        new(StatusCodes.Status404NotFound, $"there is no session {session} of this token");

    /// <summary>Strong, and of the ICE session: its own ice-ufrag.</summary>
    private static string EntityTag(string iceFragment) => $"\"{iceFragment}\"";

    private static WhipReply WrongType(string expected) =>
        new(StatusCodes.Status415UnsupportedMediaType, $"content-type {expected} is expected");

    private static WhipReply TooLarge => new(StatusCodes.Status413PayloadTooLarge, $"the body exceeds {MaxBodyBytes} bytes");

    private static bool IsOf(HttpContext context, string type) =>
        MediaTypeHeaderValue.TryParse(context.Request.ContentType, out var sent)
        && sent.MediaType.Equals(type, StringComparison.OrdinalIgnoreCase);

    /// <returns>Null when it is too large.</returns>
    private static async Task<string?> ReadAsync(HttpContext context)
    {
        if (context.Request.ContentLength > MaxBodyBytes) return null;
        var body = ArrayPool<byte>.Shared.Rent(MaxBodyBytes + 1);
        try
        {
            var length = await context.Request.Body.ReadAtLeastAsync(body.AsMemory(0, MaxBodyBytes + 1), MaxBodyBytes + 1,
                throwOnEndOfStream: false, context.RequestAborted);
            return length > MaxBodyBytes ? null : Encoding.UTF8.GetString(body, 0, length);
        }
        finally { ArrayPool<byte>.Shared.Return(body); }
    }
}
