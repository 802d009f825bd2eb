using System.Text;
using System.Text.Json;
using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Catalogue;
using VideoScale.ControlPlane.Clocks;
using VideoScale.ControlPlane.Cluster;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Drain;
using VideoScale.ControlPlane.Events;
using VideoScale.ControlPlane.Keys;
using VideoScale.ControlPlane.Nodes;
using VideoScale.ControlPlane.Outcomes;
using VideoScale.ControlPlane.Participants;
using VideoScale.ControlPlane.Placement;
using VideoScale.ControlPlane.Pools;
using VideoScale.ControlPlane.Rebalancing;
using VideoScale.ControlPlane.Rooms;
using VideoScale.ControlPlane.Webhooks;
using VideoScale.Harness;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Tests.Core;

public sealed class CodecTests
{
    private static readonly RoomId Room = new("standup");
    private static readonly NodeId Node = new("media-0");
    private static readonly Epoch Epoch = Epoch.Of(1, 300);
    private static readonly ParticipantIdentity Ann = new("ann");
    private static readonly RoomSettings Settings = new(12, "eu", 20, 5, 300_000, new byte[] { 1, 2, 255 });
    private static readonly PlacementDecision Placement = new(Node, 77, new(3, 9, 12_345), PlacementReason.NodeLost, 42, 1,
        [new(Node, 512), new(new("media-1"), -3)], [new(new("media-2"), RejectionReason.Bitrate, 850, 800, 100)],
            [new(RejectionReason.Bitrate, 1)]);
    private static readonly Checkpoint Mark = new(1024, 900, (UInt128)ulong.MaxValue + 5, new byte[32], new byte[] { 9, 8 }, [1, 2, 3]);
    private static readonly WebhookProgress Progress = new(310, 5, [new(Room, 305)],
        [new(new(301, 2), Room, "participant_left", 7, "status 500", IsReplayed: false)], [new(200, 0)], [new(201, 1)]);
    private static readonly NodeDescription Description = new(Node, ulong.MaxValue, "eu", "a", "10.0.0.1:8180", new(100, 1000, 1_000_000));

    private static readonly RebalanceSettings Balance = new(AutomationMode.On, 800, 3, 10, 900_000, 1_320, 360);
    private static readonly SealedSecret Sealed = new([1, 2, 255]);
    private static readonly TokenRevocation Revoked = new("web", "täst/1", 1_700_000_000_000, 1_700_000_100_000);
    private static readonly PlannedMove Chosen = new(Room, Epoch, Node, new("media-1"), 7, 910, 640, 45);

    private static readonly DomainEvent[] Events =
    [
        new RoomEvent.Created(Room, Settings), new RoomEvent.PlacementDecided(Room, Placement),
            new RoomEvent.Placed(Room, Epoch, Node, 77, new(3, 9, 12_345), new("media-1")),
        new RoomEvent.Revoked(Room, Epoch, Node, RevokeReason.Drain, new("")),
            new RoomEvent.Released(Room, Epoch, Node, ReleaseKind.LeaseEnded),
        new RoomEvent.MoveRequested(Room, Epoch, new("media-1")), new RoomEvent.Closing(Room, Epoch, CloseReason.Empty),
            new RoomEvent.Closed(Room, CloseReason.Requested),
        new RoomEvent.PlacementFailed(Room, Placement with { Node = new(""), Incarnation = 0, Candidates = [] }),
        new ParticipantEvent.Admitted(Room, Ann, ParticipantRole.Publisher), new ParticipantEvent.Joined(Room, Ann, Epoch, 301),
            new ParticipantEvent.Left(Room, Ann, Epoch, 301),
        new ParticipantEvent.Removed(Room, Ann, 301, "asked to"),
            new ParticipantEvent.RoleChanged(Room, Ann, 301, ParticipantRole.Subscriber), new ParticipantEvent.SeatExpired(Room, Ann, 301),
        new ParticipantEvent.AdmissionDenied(Room, Ann, ParticipantRole.Publisher, AdmissionCap.NodeBitrate, 1000, 990, 20, Node),
        new NodeEvent.Registered(Description), new NodeEvent.Suspected(Node, 77), new NodeEvent.Recovered(Node, 77),
            new NodeEvent.Lost(Node, 77, LossReason.Superseded, 4),
        new NodeEvent.Cordoned(Node), new NodeEvent.Uncordoned(Node), new NodeEvent.Deregistered(Node, 77), new NodeEvent.Left(Node, 77),
        new DrainEvent.Blocked(Node, 40, Room, "it is bound to region eu"), new DrainEvent.DeadlineChanged(Node, 1_700_000_000_000, 4),
        new DrainEvent.Started(Node, 1_700_000_000_000, 4), new DrainEvent.RoomMoved(Node, Room, new("media-1"), Epoch),
            new DrainEvent.TimedOut(Node, 2),
        new DrainEvent.Completed(Node), new DrainEvent.Cancelled(Node),
        new ClusterEvent.LeadershipRecorded(7, 2), new ClusterEvent.CheckpointCommitted(Mark),
            new ClusterEvent.LeaseSettingsChanged(LeaseSettings.Default),
        new ClusterEvent.RulesVersionRaised(2), new ClusterEvent.RecoveryGenerationRaised(65_535),
            new ClusterEvent.ReplicaDiverged(3, 2048),
        new ClusterEvent.MemberChangeRequested(MemberChangeKind.Promote, "a1,b2", ""),
            new ClusterEvent.CommandRejected("room-standup", "CreateRoom", FailureCode.AlreadyExists, "room standup already exists"),
        new ClusterEvent.LogSealed("dotnext"),
        new RoomEvent.Updated(Room, RoomParts.Name | RoomParts.Metadata, Settings, "täst/1", 20_000),
        new PoolEvent.PolicySet("eu", Policy), new PoolEvent.Suspended("eu", "3 launches failed in a row"), new PoolEvent.Resumed("eu"),
        new PoolEvent.Removed("eu"), new PoolEvent.LaunchRequested("eu", Node, Reason), new PoolEvent.Launched("eu", Node, "i-0abc"),
        new PoolEvent.LaunchFailed("eu", Node, "no_capacity", 2, 1_700_000_060_000), new PoolEvent.NodeReleased("eu", Node, Reason),
        new PoolEvent.NodeKept("eu", Node, Reason), new PoolEvent.TerminationRequested("eu", Node, TerminationReason.Drained),
        new PoolEvent.Terminated("eu", Node, "i-0abc"),
        new RebalanceEvent.SettingsChanged(Balance), new RebalanceEvent.RoomChosen(Chosen),
        new KeyEvent.Created("web", Sealed), new KeyEvent.Rotated("web", Sealed, 1_700_000_000_000), new KeyEvent.EnabledSet("web", false),
        new KeyEvent.Deleted("web"), new KeyEvent.TokensRevoked(Revoked),
        new WebhookEvent.Added("wh-1", "https://backend.example/hooks", 300), new WebhookEvent.Advanced("wh-1", Progress),
            new WebhookEvent.ReplayAsked("wh-1", [new(301, 2)]), new WebhookEvent.Forgotten("wh-1"),
        new SessionEvent.Described(Room, Ann, Epoch, 301, "PA_1", new byte[] { 1, 2 }),
            new SessionEvent.TrackPublished(Room, Ann, Epoch, 301, "TR_1", new byte[] { 3 }),
            new SessionEvent.TrackUnpublished(Room, Ann, Epoch, 301, "TR_1"),
    ];

    /// <summary>One of each type.</summary>
    internal static readonly DomainCommand[] Commands =
    [
        new RoomCommand.Create(Room, Settings, Placement, 7), new RoomCommand.Assign(Room, Epoch, Placement),
            new RoomCommand.Revoke(Room, Epoch, RevokeReason.Move, new("media-1")),
        new RoomCommand.Release(Room, Epoch, Node, 77), new RoomCommand.ExpireOwnership(Room, Epoch),
            new RoomCommand.Close(Room, Epoch.None), new RoomCommand.CloseEmpty(Room),
        new RoomCommand.Move(Room, new(""), Epoch), new RoomCommand.RecordPlacementFailure(Room, Epoch, Placement),
        new ParticipantCommand.Admit(Room, Ann, ParticipantRole.Subscriber),
            new ParticipantCommand.ReportPresence(Node, 77, [new(Room, Epoch, Ann, 301, true), new(Room, Epoch, new("bob"), 302, false)]),
        new ParticipantCommand.Remove(Room, Ann, "asked to"), new ParticipantCommand.SetRole(Room, Ann, ParticipantRole.Publisher),
            new ParticipantCommand.ExpireSeat(Room, Ann, 301),
        new NodeCommand.Register(Description), new NodeCommand.Suspect(Node, 77), new NodeCommand.Recover(Node, 77),
            new NodeCommand.DeclareLost(Node, 77, LossReason.LeaseEnded),
        new NodeCommand.Cordon(Node), new NodeCommand.Uncordon(Node), new NodeCommand.Deregister(Node), new NodeCommand.Leave(Node, 77),
        new DrainCommand.RecordBlocked(Node, 40, Room, "it is bound to region eu"), new DrainCommand.SetDeadline(Node, 60_000),
        new DrainCommand.Begin(Node, 60_000), new DrainCommand.Cancel(Node), new DrainCommand.TimeOut(Node),
            new DrainCommand.Complete(Node),
        new ClusterCommand.RecordLeadership(2), new ClusterCommand.MarkCheckpoint(), new ClusterCommand.CommitCheckpoint(Mark),
            new ClusterCommand.SetLease(LeaseSettings.Default),
        new ClusterCommand.RaiseRulesVersion(1), new ClusterCommand.RaiseRecoveryGeneration(3),
            new ClusterCommand.RecordDivergence(3, 2048),
        new ClusterCommand.RequestMemberChange(MemberChangeKind.Add, "a1", "10.0.0.4:8080"),
            new ClusterCommand.RecordRejection("cluster", "DrainNode", FailureCode.PermissionDenied, "viewer may not"),
        new ClusterCommand.SealLog("dotnext"),
        new RoomCommand.Open(Room, "standup", new(1, null, 3, new byte[] { 4 }), true, Placement, 7),
        new RoomCommand.Update(Room, new(null, 0, null, default(ReadOnlyMemory<byte>))),
        new PoolCommand.SetPolicy("eu", Policy), new PoolCommand.Resume("eu"), new PoolCommand.Remove("eu"),
        new PoolCommand.RequestLaunch("eu", Node, Reason), new PoolCommand.RecordLaunched("eu", Node, "i-0abc"),
        new PoolCommand.RecordLaunchFailed("eu", Node, "quota", 60_000, true), new PoolCommand.ReleaseNode("eu", Node, Reason),
        new PoolCommand.KeepNode("eu", Node, Reason), new PoolCommand.RequestTermination("eu", Node, TerminationReason.NodeGone),
        new PoolCommand.RecordTerminated("eu", Node),
        new RebalanceCommand.Set(Balance), new RebalanceCommand.MoveRoom(Chosen),
        new KeyCommand.Create("web", Sealed), new KeyCommand.Rotate("web", Sealed, 3_600_000), new KeyCommand.SetEnabled("web", true),
        new KeyCommand.Delete("web"), new KeyCommand.RevokeTokens(Revoked),
        new WebhookCommand.Add("wh-1", "https://backend.example/hooks"), new WebhookCommand.Advance("wh-1", Progress),
            new WebhookCommand.Replay("wh-1", [new(301, 2)]), new WebhookCommand.Forget("wh-1"),
        new ParticipantCommand.ReportSessions(Node, 77,
            [new(Room, Epoch, Ann, 301, SessionReportKind.TrackPublished, "TR_1", new byte[] { 3 })]),
    ];

    private static PoolPolicy Policy => new("eu-west", AutomationMode.DryRun, 2, 20, 700, 1, 600_000, 900_000, 60_000, 12_500);
    private static ScalingReason Reason => new(2_770, 3_190, 5, 4, "bitrate, rising");

    /// <summary>Whatever is an event or command is declared in its concept's table, once, under a number of its own.</summary>
    [Fact]
    public void The_catalogue_lists_everything_there_is()
    {
        Assert.Equal(Enum.GetValues<EventType>().Order(), DomainCatalogue.Events.Select(shape => shape.Type).Order());
        Assert.Equal(Enum.GetValues<CommandType>().Order(), DomainCatalogue.Commands.Select(shape => shape.Type).Order());
        Assert.Equal(DomainCatalogue.Events.Length, Kinds<DomainEvent>());
        Assert.Equal(DomainCatalogue.Commands.Length, Kinds<DomainCommand>());

        static int Kinds<T>() => typeof(T).Assembly.GetTypes().Count(type => type.IsSubclassOf(typeof(T)) && !type.IsAbstract);
    }

    [Fact]
    public void Every_event_type_has_a_sample_and_its_name_is_its_types() =>
        Assert.Equal(Enum.GetValues<EventType>().Order(), Events.Select(e => e.Type).Order());

    [Fact]
    public void Every_command_type_has_a_sample() =>
        Assert.Equal(Enum.GetValues<CommandType>().Order(), Commands.Select(c => c.Type).Order());

    [Fact]
    public void Every_event_comes_back_from_its_bytes_and_has_words_stream_and_json() => Assert.All(Events, happened =>
    {
        var bytes = Bytes(happened);
        var read = EventCodec.Read(happened.Type, happened.SchemaVersion, bytes);
        Assert.Equal(bytes, Bytes(read));
        Assert.Equal(happened.ToJson(), read.ToJson());
        Assert.Equal(happened.GetType(), read.GetType());
        Assert.Equal(JsonValueKind.Object, JsonDocument.Parse(happened.ToJson()).RootElement.ValueKind);
        Assert.Matches("^(room|node|drain|pool|webhook)-[a-z0-9-]+$|^cluster$|^rebalancing$|^keys$", happened.Stream);
        Assert.DoesNotContain('\n', happened.Words);
        Assert.NotEmpty(happened.Words);
        for (var cut = 0; cut < bytes.Length; cut++)
            Assert.Throws<CanonicalException>(() => EventCodec.Read(happened.Type, 1, bytes.AsSpan(0, cut)));
        Assert.Throws<CanonicalException>(() => EventCodec.Read(happened.Type, 1, (byte[])[.. bytes, 0]));
    });

    public static TheoryData<EntryStamp> Stamps => new(
        new EntryStamp(new(1_700_000_000_123)),
        new EntryStamp(new(1_700_000_000_123), new LogTime(1_690_000_000_123)),
        new EntryStamp(new(1_700_000_000_123), new LogTime(1_700_000_000_123), new(new(1_600_000_000_000), new(1_700_000_000_000))));

    [Theory]
    [MemberData(nameof(Stamps))]
    public void Every_command_comes_back_from_an_entry(EntryStamp stamp)
    {
        var entry = new LogEntry(stamp, [.. Commands.Select((c, i) => new CommandEnvelope(
            c, new("op", ActorKind.Operator, ActorAuthMethod.Token), i % 2 == 0 ? new("M", "id" + i, (UInt128)i) : null, (ulong)i, "corr",
                new(1, 2, 3),
                "00-ab"))]);
        using var writer = new CanonicalWriter();
        EntryCodec.Write(entry, writer);
        var read = EntryCodec.Read(writer.WrittenSpan);
        Assert.Equal(entry.Stamp, read.Stamp);
        // nearly every entry is as it always was
        Assert.Equal(stamp.IsPlain ? EntryCodec.Format : EntryCodec.ExtendedFormat, writer.WrittenSpan[0]);
        using var again = new CanonicalWriter();
        EntryCodec.Write(read, again);
        Assert.Equal(writer.ToArray(), again.ToArray());
        Assert.Equal(entry.Commands.Select(c => (c.Actor, c.Request, c.DecidedInTerm, c.CorrelationId, c.Cause, c.Traceparent)),
            read.Commands.Select(c => (c.Actor, c.Request, c.DecidedInTerm, c.CorrelationId, c.Cause, c.Traceparent)));
        Assert.Equal(Commands.Select(c => c.GetType()), read.Commands.Select(c => c.Command.GetType()));
    }

    [Theory]
    [InlineData(99)]
    [InlineData(19)]
    [InlineData(70_000)]
    public void An_unknown_command_stops_the_reader(int number)
    {
        using var writer = new CanonicalWriter();
        writer.WriteUInt32((uint)number);
        Assert.Throws<UnknownCommandException>(() =>
        {
            var reader = new CanonicalReader(writer.WrittenSpan);
            CommandCodec.Read(ref reader);
        });
    }

    [Fact]
    public void An_unknown_event_or_schema_is_named()
    {
        Assert.Contains("999", Assert.Throws<CanonicalException>(() => EventCodec.Read((EventType)999, 1, default)).Message,
            StringComparison.Ordinal);
        Assert.Contains("version 2", Assert.Throws<CanonicalException>(() => EventCodec.Read(EventType.RoomClosed, 2, default)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Damaged_bytes_are_refused_and_never_break_the_reader() => Seeds.Run(2_000, random =>
    {
        var happened = Events[random.Next(Events.Length)];
        var bytes = Bytes(happened);
        for (var i = random.Next(1, 4); i > 0; i--) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
        try { EventCodec.Read(happened.Type, 1, bytes); }
        catch (CanonicalException) { }
        catch (OverflowException) { }
    });

    [Fact]
    public void Replies_come_back_from_their_bytes()
    {
        var outcome = new CommandOutcome
        {
            Room = Room,
            Node = Node,
            Epoch = Epoch,
            Status = RoomStatus.Active,
            Scheduling = NodeScheduling.Drained,
            DeadlineMs = -5,
            Rooms = 3,
            Accepted = 1,
            Refused = 2,
            Seat = new(Ann, ParticipantRole.Publisher, SeatStatus.Joined, 9, 10)
        };
        foreach (
            var reply in new CommandReply[] { new(5, 6, null, outcome), new(5, 0, Failure.Exhausted("too many"), CommandOutcome.Empty) })
        {
            using var writer = new CanonicalWriter();
            reply.WriteTo(writer);
            var reader = new CanonicalReader(writer.WrittenSpan);
            Assert.Equal(reply, CommandReply.Read(ref reader));
            reader.End();
        }
    }

    /// <summary>Written logs must stay readable: lines may be added, a line that changes is a broken promise.</summary>
    [Fact]
    public void Encodings_are_what_they_were()
    {
        var text = new StringBuilder();
        foreach (var happened in Events)
            text.Append(
                $"event {(int)happened.Type} {happened.Type} v{happened.SchemaVersion} {Convert.ToHexStringLower(Bytes(happened))}\n  "
                + $"{happened.ToJson()}\n  {happened.Stream}: {happened.Words}\n");
        foreach (var command in Commands)
        {
            using var writer = new CanonicalWriter();
            CommandCodec.Write(command, writer);
            text.Append($"command {(int)command.Type} {command.Type} {Convert.ToHexStringLower(writer.WrittenSpan)}\n");
        }
        Golden.Check("encodings.txt", text.ToString());
    }

    private static byte[] Bytes(DomainEvent happened)
    {
        using var writer = new CanonicalWriter();
        EventCodec.Write(happened, writer);
        return writer.ToArray();
    }
}
