using VideoScale.ControlPlane.Webhooks;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Tests.Webhooks;

/// <summary>
/// A log, a receiver that fails as it likes, and leaders that die: an outbox between them, and what is on record. Time is a number.
/// </summary>
internal sealed class OutboxWorld
{
    internal const int Rooms = 6;
    private readonly Random _random;
    private readonly OutboxRules _rules;
    private readonly List<(ulong Seq, RoomId Room, int Messages)> _log = [];
    private readonly List<Delivery<string>> _underWay = [];
    private Outbox<string> _outbox;
    private ulong _seq;

    internal OutboxWorld(Random random, OutboxRules rules)
    {
        (_random, _rules) = (random, rules);
        _outbox = New();
    }

    internal long NowMs { get; private set; } = 1_000_000;
    internal WebhookRecord Record { get; private set; } = new("wh-1", "http://backend.example/", 0, 0, [], []);
    internal List<MessageRef> Taken { get; } = [];
    internal Dictionary<MessageRef, RoomId> Told { get; } = [];
    internal Func<MessageRef, RoomId, bool> Takes { get; set; } = (_, _) => true;
    internal int MostInMemory { get; private set; }
    internal Outbox<string> Outbox => _outbox;

    private Outbox<string> New() => new(_rules, below => _random.NextInt64(below), Record);

    /// <summary>Something happens in a room, of which so many messages come.</summary>
    internal void Happen(int room, int messages)
    {
        _seq += (ulong)_random.Next(1, 4); // others are told of what is between
        var id = new RoomId($"r{room}");
        _log.Add((_seq, id, messages));
        for (var part = 0; part < messages; part++) Told.Add(new(_seq, (uint)part), id);
    }

    /// <summary>The leader dies; the next one begins from what is on record.</summary>
    internal void Kill()
    {
        _underWay.Clear(); // some were taken, and nobody will ever say so
        _outbox = New();
    }

    internal void Step()
    {
        Read();
        Load();
        foreach (var letter in Record.Dead)
            if (letter.IsReplayed && !_outbox.IsReplaying(letter.Message)) _outbox.Replay(Of(letter.Message, letter.Room));
        _underWay.AddRange(_outbox.Take(NowMs));
        Assert.True(_outbox.UnderWay <= _rules.Together);
        Assert.Equal(_underWay.Count, _outbox.UnderWay);
        MostInMemory = Math.Max(MostInMemory, _outbox.Waiting);
    }

    /// <summary>One answer comes, of whichever request.</summary>
    internal void Answer()
    {
        if (_underWay.Count == 0) return;
        var at = _random.Next(_underWay.Count);
        var message = _underWay[at];
        _underWay.RemoveAt(at);
        if (!Takes(message.Message, message.Room))
        {
            _outbox.Failed(message, "status 500", NowMs);
            return;
        }
        Taken.Add(message.Message);
        _outbox.Took(message, NowMs);
    }

    internal void Pass(long milliseconds) => NowMs += milliseconds;

    internal void Mark()
    {
        if (_outbox.Mark() is not { } progress) return;
        Assert.True(progress.Position >= Record.Position, "a position does not go back");
        Record = progress.ApplyTo(Record);
        _outbox.Remember(Record.Dead.Length);
        Assert.True(Record.Held.Length <= WebhookRecord.MaxHeld);
    }

    internal void Replay() => Record = Record with { Dead = [.. Record.Dead.Select(letter => letter with { IsReplayed = true })] };

    /// <summary>Until nothing waits; fails when that does not come.</summary>
    internal void Drain()
    {
        for (var round = 0; round < 20_000; round++)
        {
            Step();
            if (_underWay.Count > 0)
            {
                while (_underWay.Count > 0) Answer();
                continue;
            }
            if (_outbox.DueMs() is not { } due && _outbox.Read >= _seq && _outbox.ToLoad().Count == 0)
            {
                Mark();
                return;
            }
            Pass(Math.Max(1, (_outbox.DueMs() ?? NowMs) - NowMs));
        }
        Assert.Fail($"{_outbox.Waiting} messages still wait, position {Record.Position} of {_seq}");
    }

    private void Read()
    {
        foreach (var (seq, room, messages) in _log)
        {
            if (seq <= _outbox.Read) continue;
            if (_outbox.IsFull) return;
            _outbox.Offer(seq, room, Messages(seq, room, messages));
        }
    }

    private void Load()
    {
        foreach (var held in _outbox.ToLoad())
        {
            var (messages, next) = (new List<Delivery<string>>(), 0UL);
            foreach (var (seq, room, count) in _log)
            {
                if (room != held.Room || seq < held.FromSeq || seq > _outbox.Read) continue;
                if (messages.Count >= _rules.HeldWindow)
                {
                    next = seq;
                    break;
                }
                messages.AddRange(Messages(seq, room, count));
            }
            _outbox.Load(held.Room, messages, next);
        }
    }

    private Delivery<string>[] Messages(ulong seq, RoomId room, int count) =>
        [.. Enumerable.Range(0, count).Select(part => Of(new(seq, (uint)part), room))];

    private Delivery<string> Of(MessageRef message, RoomId room) => new(message, room, "participant_left", NowMs, "");
}
