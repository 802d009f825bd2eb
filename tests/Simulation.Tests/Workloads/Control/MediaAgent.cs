using VideoScale.MediaNode.Host.Agent;
using VideoScale.MediaNode.Ownership;
using VideoScale.MediaNode.Seats;
using VideoScale.Model;
using VideoScale.Simulation.Engine;
using VideoScale.Simulation.Seams;
using VideoScale.Simulation.World;
using VideoScale.V1;

namespace VideoScale.Simulation.Workloads.Control;

/// <summary>A media node's process: the product's authority, and its agent's ways of finding, keeping and leaving a leader.</summary>
internal sealed class MediaAgent
{
    public const uint Publishers = 8;
    public const uint Subscribers = 24;
    private const long BeatUs = 100_000;
    private const long WelcomeTimeoutUs = 3_000_000;
    private const long SilenceUs = 3_000_000;
    private readonly Simulated _world;
    private readonly ControlWorkload _workload;
    private readonly List<EndedSession> _ended = [];
    private readonly List<NumberedReport> _reports = [];
    private readonly AuthorityOptions _options;
    private Authority _authority;
    private Attachment? _attached;
    private bool _welcomed;
    private long _attachedUs;
    private long _lastAckUs;
    private long _nextBeatUs;
    private long _nextTryUs;
    private int _target;
    private int _life;

    public MediaAgent(Simulated world, ControlWorkload workload, int number)
    {
        (_world, _workload, Number) = (world, workload, number);
        Name = "media-" + number;
        Clock = world.NewClock();
        _options = new AuthorityOptions(number % 2 == 0 ? MediaContinuity.Continue : MediaContinuity.Stop, 10_000_000_000,
            new NodeSeatCaps(Publishers, Subscribers));
        _authority = new Authority(_options, NewIncarnation());
    }

    public int Number { get; }
    public string Name { get; }
    public int End => _world.Replicas.Length + Number;
    public ProcessClock Clock { get; }
    public bool IsDown { get; private set; }
    public long PausedUntilUs { get; set; }
    public bool IsPaused => PausedUntilUs > _world.NowUs;

    /// <summary>As a replica's.</summary>
    public long ResumesUs => PausedUntilUs + _world.Chance.Below(20_000);

    /// <summary>The clock that leases run on.</summary>
    private long NowNs =>
        Planted.Is(Bug.LeaseOnWallClock) ? Math.Max(0, Clock.WallMs(_world.NowUs) * 1_000_000) : Clock.BootNs(_world.NowUs);

    private ulong NewIncarnation() => (_world.Chance.Next() >> 16) | 1;

    public void Begin() => _world.At(_world.NowUs + _world.Chance.Below(200_000), new Due(Happening.NodeBeat, Number, _life, 0, null));

    public bool HasAuthority(RoomId room, Epoch epoch) => !IsDown && _authority.HasAuthority(room, epoch, NowNs);

    public Epoch? AuthorityOver(RoomId room)
    {
        if (IsDown) return null;
        foreach (var held in _authority.View(NowNs).Rooms)
            if (held.Room == room) return held.Epoch;
        return null;
    }

    public IEnumerable<(RoomId Room, Epoch Epoch)> Authorities() =>
        IsDown ? [] : _authority.View(NowNs).Rooms.Select(room => (room.Room, room.Epoch));

    public void Crash(long forMs)
    {
        if (IsDown) return;
        IsDown = true;
        _life++;
        Detach(0);
        _world.At(_world.NowUs + forMs * 1000, new Due(Happening.NodeBeat, Number, _life, 1, null));
        Marks.Hit(Mark.NodeCrashed);
    }

    /// <summary>The next process on that machine, under the same name: it holds nothing.</summary>
    private void Restart()
    {
        IsDown = false;
        _authority = new Authority(_options, NewIncarnation());
        _nextTryUs = 0;
    }

    public void StartNow()
    {
        if (!IsDown) return;
        _life++;
        Restart();
        Begin();
    }

    public void Beat(in Due due)
    {
        if (due.Life != _life) return;
        if (due.Number == 1) Restart();
        if (IsPaused)
        {
            _world.At(ResumesUs, due with { Number = 0 });
            return;
        }
        _world.At(_world.NowUs + Clock.TrueUs(BeatUs) + _world.Chance.Below(10_000), new Due(Happening.NodeBeat, Number, _life, 0, null));
        var (now, local) = (_world.NowUs, NowNs);
        _authority.Tick(local, _ended);
        _ended.Clear();
        if (_attached is null) Attach(now);
        else if (_attached.IsBroken || (!_welcomed && now - _attachedUs > WelcomeTimeoutUs) || (_welcomed && now - _lastAckUs > SilenceUs))
            Detach(100_000);
        else if (_welcomed) Speak(now, local);
    }

    private void Attach(long now)
    {
        if (now < _nextTryUs) return;
        if (_authority.IsExpelled)
        {
            _authority.BeginIncarnation(NewIncarnation());
            Marks.Hit(Mark.IncarnationBegun);
        }
        var start = _authority.BeginStream();
        var replica = _world.Replicas[_target];
        _attached = _workload.Connect(this, replica, start.Stream);
        (_welcomed, _attachedUs) = (false, now);
        var hello = new AgentHello
        {
            NodeId = Name,
            Incarnation = start.Incarnation,
            Address = $"{Name}:8180",
            Capacity = new Capacity { Publishers = Publishers, Subscribers = Subscribers, BitrateKbps = 1_000_000 },
        };
        hello.Held.AddRange(start.Held.Select(held => new V1.HeldRoom { RoomId = held.Room.Value, Epoch = held.Epoch.Value }));
        _attached.Up.Send(new AgentMessage { Hello = hello });
    }

    private void Detach(long waitUs, int target = -1)
    {
        if (_attached is not null) _attached.IsBroken = true;
        _attached = null;
        _nextTryUs = _world.NowUs + waitUs + _world.Chance.Below(200_000);
        _target = target >= 0 ? target : _world.Chance.Below(_world.Replicas.Length);
    }

    private void Speak(long now, long local)
    {
        if (now >= _nextBeatUs)
        {
            _nextBeatUs = now + Clock.TrueUs(1_000_000);
            var stamp = _authority.SendHeartbeat(_attached!.Stream, local);
            var counts = _authority.Counts(local);
            _attached.Up.Send(new AgentMessage
            {
                Heartbeat = new Heartbeat
                {
                    Sequence = stamp.Sequence,
                    AppliedIndex = stamp.AppliedIndex,
                    Leaving = stamp.Leaving,
                    Load = new Load { Publishers = counts.Publishers, Subscribers = counts.Subscribers },
                },
            });
        }
        _reports.Clear();
        _authority.TakeReports(_attached!.Stream, _reports);
        foreach (var report in _reports) _attached.Up.Send(new AgentMessage { Report = report.ToWire() });
    }

    /// <summary>Something arrives from the replica.</summary>
    public void Hear(Pipe pipe)
    {
        if (IsDown || _attached != pipe.Attachment) return;
        if (IsPaused)
        {
            pipe.PutOff(ResumesUs);
            return;
        }
        switch (pipe.Take())
        {
            case null: return;
            case Closed closed: Detach(50_000, closed.Hint); break;
            case AgentDirective directive: Obey(directive); break;
            default: throw new InvalidOperationException("a replica sends directives");
        }
        _ended.Clear();
        _workload.Checker.Gained(this);
    }

    private void Obey(AgentDirective message)
    {
        var stream = _attached!.Stream;
        switch (message.KindCase)
        {
            case AgentDirective.KindOneofCase.Welcome:
                if (_authority.Welcome(stream, message.Welcome.AppliedIndex, message.Welcome.Term) is not null)
                {
                    Detach(200_000);
                    return;
                }
                _welcomed = true;
                (_lastAckUs, _nextBeatUs) = (_world.NowUs, _world.NowUs);
                break;
            case AgentDirective.KindOneofCase.HeartbeatAck:
                if (_authority.LeaseUntilNs > 0 && NowNs >= _authority.LeaseUntilNs) Marks.Hit(Mark.LapsedLeaseRenewed);
                if (message.HeartbeatAck.GiveUp.Count > 0) Marks.Hit(Mark.GiveUpInAcknowledgement);
                Planted.LocalNs = NowNs;
                _authority.Acknowledge(stream, message.HeartbeatAck.ToCore(), _ended);
                _lastAckUs = _world.NowUs;
                break;
            default:
                if (message.ToCore() is not { } directive) return;
                _authority.Apply(stream, directive, _ended);
                if (directive is not Directive.Expelled) return;
                Marks.Hit(Mark.Expelled);
                Detach(300_000);
                break;
        }
    }

    /// <summary>A participant with an admission comes to take its seat.</summary>
    public SeatDecision TakeSeat(RoomId room, Epoch epoch, ParticipantIdentity identity, ulong seat)
    {
        var decision = _authority.TakeSeat(NowNs, room, epoch, identity, seat);
        if (!decision.IsGranted)
        {
            Marks.Hit(decision.Refusal switch
            {
                SeatRefusalKind.StaleEpoch => Mark.SeatRefusedStaleEpoch,
                SeatRefusalKind.LeaseEnded => Mark.SeatRefusedLeaseEnded,
                _ => Mark.SeatRefused
            });
            return decision;
        }
        var counts = _authority.Counts(NowNs);
        if (counts.Subscribers > Subscribers || counts.Publishers > Publishers)
            throw new Violation("seats",
                $"{Name} seats {counts.Subscribers} of {Subscribers}, {counts.Publishers} publishers of {Publishers}");
        _workload.Checker.Gained(this);
        return decision;
    }

    public void LeaveSeat(RoomId room, Epoch epoch, ParticipantIdentity identity, ulong seat) =>
        _authority.LeaveSeat(room, epoch, identity, seat);

    public bool IsServed => !IsDown && _welcomed && _attached is { IsBroken: false } && _authority.LeaseUntilNs > NowNs;
}
