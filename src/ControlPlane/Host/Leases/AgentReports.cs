using System.Collections.Immutable;
using System.Threading.Channels;
using Grpc.Core;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.Participants;
using VideoScale.ControlPlane.Rooms;
using VideoScale.Model;
using VideoScale.V1;

namespace VideoScale.ControlPlane.Host.Leases;

/// <summary>A node's reports on their way into the log, in order: joins and leaves that came together travel as one command.</summary>
internal sealed class AgentReports(AgentSession session, CommandPipeline pipeline, Commands.Actor actor)
{
    private const int MaxTogether = 1_000;

    /// <summary>A command that holds so much of sessions is closed.</summary>
    private const int FullBytes = 32 * 1024;
    private static readonly TimeSpan OverloadPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan SealedPause = TimeSpan.FromSeconds(1);
    private readonly Channel<RoomReport> _reports = Channel.CreateBounded<RoomReport>(10_000);

    /// <summary>Waits when too many are under way: the stream's flow control then slows the node down.</summary>
    internal ValueTask AddAsync(RoomReport report, CancellationToken cancellationToken) =>
        _reports.Writer.WriteAsync(report, cancellationToken);

    /// <summary>Carries reports until cancelled. Throws when their fate is unknown: the node sends them again on its next stream.</summary>
    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        var together = new List<RoomReport>();
        while (await _reports.Reader.WaitToReadAsync(cancellationToken))
        {
            together.Clear();
            while (together.Count < MaxTogether && _reports.Reader.TryRead(out var report)) together.Add(report);
            foreach (var command in Commands(together)) await CarryAsync(command, cancellationToken);
            session.ReportsDone = together[^1].Sequence;
        }
    }

    private async Task CarryAsync(ImmutableArray<DomainCommand> commands, CancellationToken cancellationToken)
    {
        var submitted = new List<Task<SubmitResult>>(commands.Length);
        foreach (var command in commands)
            submitted.Add(pipeline.SubmitAsync(new CommandEnvelope(command, actor, CorrelationId: session.Node.Value), cancellationToken)
                .AsTask());
        for (var i = 0; i < submitted.Count; i++)
        {
            var result = await submitted[i];
            // A replica of an earlier version stops at what it does not know: it is not told who speaks, and nothing else waits for that.
            if (result.Status == SubmitStatus.TooRecent && commands[i] is ParticipantCommand.ReportSessions) continue;
            while (result.Status is SubmitStatus.Overloaded or SubmitStatus.Sealed) // its leases are renewed meanwhile
            {
                await Task.Delay(result.Status == SubmitStatus.Sealed ? SealedPause : OverloadPause, cancellationToken);
                result = await pipeline.SubmitAsync(new CommandEnvelope(commands[i], actor, CorrelationId: session.Node.Value),
                    cancellationToken);
            }
            if (result.Status != SubmitStatus.Applied)
                throw new RpcException(
                    new Status(StatusCode.Unavailable, "reports could not be committed; attach anew and send them again"));
        }
    }

    /// <summary>Runs of commands: those of one run may be under way together, a run begins when the one before is done.</summary>
    private IEnumerable<ImmutableArray<DomainCommand>> Commands(List<RoomReport> reports)
    {
        var presence = ImmutableArray.CreateBuilder<PresenceReport>();
        var releases = ImmutableArray.CreateBuilder<DomainCommand>();
        // Who somebody is comes before that it has joined, and what it publishes after.
        if (Sessions(reports, isDescription: true) is { IsEmpty: false } described) yield return described;
        foreach (var report in reports)
        {
            if (report.KindCase == RoomReport.KindOneofCase.Released)
            {
                if (presence.Count > 0)
                    yield return [new ParticipantCommand.ReportPresence(session.Node, session.Incarnation, Take(presence))];
                releases.Add(
                    new RoomCommand.Release(new RoomId(report.RoomId), new Epoch(report.Epoch), session.Node, session.Incarnation));
                continue;
            }
            if (releases.Count > 0) yield return Take(releases);
            if (Presence(report) is { } item) presence.Add(item);
        }
        if (presence.Count > 0) yield return [new ParticipantCommand.ReportPresence(session.Node, session.Incarnation, Take(presence))];
        if (Sessions(reports, isDescription: false) is { IsEmpty: false } tracks) yield return tracks;
        if (releases.Count > 0) yield return Take(releases);
    }

    /// <summary>In commands of a size that an entry of the log takes.</summary>
    private ImmutableArray<DomainCommand> Sessions(List<RoomReport> reports, bool isDescription)
    {
        var (commands, together, bytes) = (ImmutableArray.CreateBuilder<DomainCommand>(), ImmutableArray.CreateBuilder<SessionReport>(), 0);
        foreach (var report in reports)
        {
            if (Session(report) is not { } item || item.Kind == SessionReportKind.Described != isDescription) continue;
            together.Add(item);
            bytes += item.Info.Length;
            if (bytes >= FullBytes) Close();
        }
        if (together.Count > 0) Close();
        return commands.ToImmutable();

        void Close()
        {
            commands.Add(new ParticipantCommand.ReportSessions(session.Node, session.Incarnation, Take(together)));
            bytes = 0;
        }
    }

    private static SessionReport? Session(RoomReport report) => report.KindCase switch
    {
        RoomReport.KindOneofCase.Described => Of(report, report.Described.Identity, report.Described.SeatId, SessionReportKind.Described,
            report.Described.Sid, report.Described.Info.Memory),
        RoomReport.KindOneofCase.TrackPublished => Of(report, report.TrackPublished.Identity, report.TrackPublished.SeatId,
            SessionReportKind.TrackPublished, report.TrackPublished.Sid, report.TrackPublished.Info.Memory),
        RoomReport.KindOneofCase.TrackUnpublished => Of(report, report.TrackUnpublished.Identity, report.TrackUnpublished.SeatId,
            SessionReportKind.TrackUnpublished, report.TrackUnpublished.Sid, default),
        _ => null,
    };

    private static SessionReport Of(RoomReport report, string identity, ulong seatId, SessionReportKind kind, string sid,
        ReadOnlyMemory<byte> info) =>
        new(new RoomId(report.RoomId), new Epoch(report.Epoch), new ParticipantIdentity(identity), seatId, kind, sid, info);

    private static PresenceReport? Presence(RoomReport report) => report.KindCase switch
    {
        RoomReport.KindOneofCase.Joined => new(new RoomId(report.RoomId), new Epoch(report.Epoch),
            new ParticipantIdentity(report.Joined.Identity), report.Joined.SeatId, true),
        RoomReport.KindOneofCase.Left => new(new RoomId(report.RoomId), new Epoch(report.Epoch),
            new ParticipantIdentity(report.Left.Identity), report.Left.SeatId, false),
        _ => null, // a kind of a newer node: there is nothing to carry
    };

    private static ImmutableArray<T> Take<T>(ImmutableArray<T>.Builder builder)
    {
        var taken = builder.ToImmutable();
        builder.Clear();
        return taken;
    }
}
