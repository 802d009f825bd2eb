using Microsoft.Extensions.Logging;
using VideoScale.Consensus;
using VideoScale.ControlPlane.Clocks;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Host.Clocks;

/// <summary>How one member's clock stands to the agreed time.</summary>
public readonly record struct ClockDifference(MemberId Member, long DifferenceMs);

/// <summary>
/// Compares the wall clocks of all members, on every replica, so that whoever comes to lead knows already. Says whose clock differs, and
/// when log time is not what the clocks say.
/// </summary>
public sealed partial class ClockExchange(LogTimeSource time, IMemberClocks members, IReplicatedLog log, TimeProvider clock,
    ILogger<ClockExchange> logger)
{
    /// <summary>A clock that is further off is named.</summary>
    public const long WorthALineMs = 1_000;

    private const long ReadingLastsMs = 30_000;

    /// <summary>A member that says nothing for so long from when it was first asked is away: nobody waits for what it would say.</summary>
    private const long AwayAfterMs = 2_000;
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan FirstPeriod = TimeSpan.FromMilliseconds(100);

    /// <summary>For who waits for a majority that may be long in coming.</summary>
    private static readonly TimeSpan WaitingPeriod = TimeSpan.FromMilliseconds(500);
    private const int HastyRounds = 50;
    private readonly Dictionary<MemberId, Reading> _readings = [];
    private readonly Dictionary<MemberId, Program> _programs = [];
    // whose clock differs, and whether that was said: one round may be a slow answer
    private readonly Dictionary<MemberId, bool> _named = [];
    private volatile IReadOnlyList<ClockDifference> _differences = [];
    private bool _saidApart;
    private TimeStep _saidStep;
    private bool _saidDisagree;
    private int _disagreed;
    private bool _hasAgreed;

    private readonly record struct Reading(long OffsetMs, long UncertainMs, long AtBootMs);

    /// <param name="IsOld">What it said last; kept over its silence, for a replica that restarts is as old as before. Null: it has not said
    /// anything.</param>
    private readonly record struct Program(long AskedSinceBootMs, bool? IsOld);

    /// <summary>Differences from the agreed time, of all members whose clocks are known; empty while no majority agrees.</summary>
    public IReadOnlyList<ClockDifference> Differences => _differences;

    /// <summary>Rounds until cancelled: in haste until a majority has agreed once, since a cluster that was stopped waits for it.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        for (var round = 0; !cancellationToken.IsCancellationRequested; round++)
        {
            try
            {
                await RunOnceAsync(cancellationToken);
                await Task.Delay(_hasAgreed ? Period : round < HastyRounds ? FirstPeriod : WaitingPeriod, clock, cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested) { return; }
        }
    }

    /// <summary>Asks everybody once.</summary>
    public async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        var status = log.Status;
        var others = status.Membership.Everyone.Where(member => member != status.Self).ToArray();
        lock (_readings)
        {
            foreach (var left in _programs.Keys.Except(others).ToArray()) _programs.Remove(left);
            foreach (var member in others) _programs.TryAdd(member, new(time.BootMs, null));
        }
        await Task.WhenAll(others.Select(member => AskAsync(member, status, cancellationToken)));
        var now = time.BootMs;
        lock (_readings)
        {
            foreach (var gone in _readings.Where(known => now - known.Value.AtBootMs > ReadingLastsMs || !others.Contains(known.Key))
                .Select(known => known.Key).ToArray()) _readings.Remove(gone);
            Compare(status);
        }
    }

    /// <summary>What a majority says counts at once: the last member may not answer before its time is up.</summary>
    private async Task AskAsync(MemberId member, ReplicaStatus status, CancellationToken cancellationToken)
    {
        var sent = time.BootMs;
        var answer = await members.AskAsync(member, cancellationToken);
        var received = time.BootMs;
        lock (_readings)
        {
            if (answer.WallMs is { } wall) _readings[member] = new(wall - (sent + received) / 2, (received - sent + 1) / 2, received);
            else if (answer.IsOld) _readings.Remove(member);
            else return;
            if (_programs.TryGetValue(member, out var program)) _programs[member] = program with { IsOld = answer.IsOld };
            time.Programs(EveryMemberKnows());
            if (Agreement(status, out _) is { } agreed) time.Agreed(agreed);
        }
    }

    /// <returns>Null when some member has not said yet which program it runs, and may in a moment.</returns>
    private bool? EveryMemberKnows()
    {
        if (_programs.Values.Any(program => program.IsOld == true)) return false;
        return _programs.Values.Any(program => program.IsOld is null && time.BootMs - program.AskedSinceBootMs < AwayAfterMs) ? null : true;
    }

    private long? Agreement(ReplicaStatus status, out List<ClockReading> read)
    {
        var voters = status.Membership.Voters;
        read = [new(status.Self.Value, time.OwnOffsetMs, 0)];
        foreach (var (member, reading) in _readings) read.Add(new(member.Value, reading.OffsetMs, reading.UncertainMs));
        var agreed = ClockAgreement.Of(voters.Length, read.Where(reading => voters.Contains(new MemberId(reading.Member))));
        _hasAgreed |= agreed is not null;
        return agreed;
    }

    private void Compare(ReplicaStatus status)
    {
        var voters = status.Membership.Voters;
        var agreed = Agreement(status, out var read);
        time.Programs(EveryMemberKnows());
        time.Agreed(agreed);
        _differences = agreed is { } offset ? [.. read.OrderBy(reading => reading.Member)
            .Select(reading => new ClockDifference(new(reading.Member), reading.OffsetMs - offset))] : [];
        SayDisagreement(agreed, read.Count, voters.Length);
        foreach (var (member, difference) in _differences)
            Say(member, difference, member == status.Self, read.First(reading => reading.Member == member.Value).UncertainMs);
        SayApart();
    }

    private void Say(MemberId member, long differenceMs, bool isOwn, long uncertainMs)
    {
        var differs = Math.Abs(differenceMs) > WorthALineMs + uncertainMs;
        if (!differs)
        {
            if (_named.Remove(member, out var said) && said) LogAgreesAgain(member);
            return;
        }
        if (_named.TryAdd(member, false) || _named[member]) return;
        _named[member] = true;
        if (isOwn) LogOwnDiffers(member, differenceMs);
        else LogDiffers(member, differenceMs);
    }

    private void SayDisagreement(long? agreed, int read, int voters)
    {
        _disagreed = agreed is null && read > voters / 2 ? _disagreed + 1 : 0;
        if (_disagreed == 2 && !_saidDisagree) LogNoMajority(read, voters);
        _saidDisagree = _disagreed >= 2;
    }

    private void SayApart()
    {
        if (time.LastStep is { IsNone: false } step && step != _saidStep) LogStepped(step.To - step.From, step.From);
        _saidStep = time.LastStep;
        if (time.AheadMs is not { } ahead || !time.IsSettled) return;
        var apart = Math.Abs(ahead) > LogClock.ApartMs;
        if (apart && !_saidApart) LogApart(ahead);
        else if (!apart && _saidApart) LogTogether();
        _saidApart = apart;
    }

    [LoggerMessage(3501, LogLevel.Warning,
        "The clock of this replica ({Member}) is {DifferenceMs} ms off what a majority of voters has: it is not taken for log time; set "
        + "it right (NTP)")]
    private partial void LogOwnDiffers(MemberId member, long differenceMs);

    [LoggerMessage(3502, LogLevel.Warning,
        "The clock of replica {Member} is {DifferenceMs} ms off what a majority of voters has; set it right (NTP)")]
    private partial void LogDiffers(MemberId member, long differenceMs);

    [LoggerMessage(3503, LogLevel.Information, "The clock of replica {Member} agrees with the others again")]
    private partial void LogAgreesAgain(MemberId member);

    [LoggerMessage(3504, LogLevel.Warning,
        "The clocks of {Read} replicas were read, and no majority of the {Voters} voters agrees: log time goes on with the time that "
        + "elapses")]
    private partial void LogNoMajority(int read, int voters);

    [LoggerMessage(3505, LogLevel.Warning,
        "Log time is {AheadMs} ms ahead of what the clocks of a majority of voters say (behind, when negative): it follows no jump, so "
        + "deadlines go on as they are; if the clocks stay, times inside request ids are compared with them")]
    private partial void LogApart(long aheadMs);

    [LoggerMessage(3507, LogLevel.Information,
        "Log time went on by {Step} over a time in which nothing ran, from {From}: a majority of voters agrees on what time it is")]
    private partial void LogStepped(TimeSpan step, LogTime from);

    [LoggerMessage(3506, LogLevel.Information, "Log time is what the replicas' clocks say again")]
    private partial void LogTogether();
}
