using VideoScale.Consensus.Core;
using VideoScale.Consensus.Engine.Storage;
using VideoScale.Consensus.Tests.Wal;

namespace VideoScale.Consensus.Tests.Transport;

/// <summary>
/// A data directory was copied, or set back to an older copy: whoever knows the process that ran before does not take another one for it.
/// </summary>
public sealed class Processes_of_one_identity
{
    private static readonly Message Beat = new() { Kind = MessageKind.Heartbeat, Term = 9 };

    private static string Copy(string from, TemporaryDirectory to)
    {
        foreach (var file in Directory.GetFiles(from)) File.Copy(file, Path.Combine(to.Path, Path.GetFileName(file)), overwrite: true);
        return to.Path;
    }

    private static TransportNode Run(ulong member, string directory, TransportNode? other = null, int port = 0)
    {
        var node = TransportNode.Create(member, port: port, starts: MemberStarts.Begin(directory));
        if (other is not null) node.Meet(other);
        return node;
    }

    [Fact]
    public async Task The_first_stays_undisturbed_the_second_stands_aside_until_it_has_ended_and_is_then_one_that_was_set_back()
    {
        using TemporaryDirectory home = new(), origin = new(), copied = new();
        await using var a = Run(0xA, home.Path);
        MemberStarts.Begin(origin.Path); // it ran before it was copied
        Copy(origin.Path, copied);
        var first = Run(0xB, origin.Path, a);
        a.Meet(first);
        a.Start();
        first.Start();
        a.WaitConnected(first);
        first.WaitConnected(a);
        await using var second = Run(0xB, copied.Path, a);
        second.Start();
        second.Listener.Until(() => second.Listener.Asides is [true]);
        Assert.Contains("another process runs under this replica's identity", second.Transport.StandsAside, StringComparison.Ordinal);
        second.Listener.Until(() => second.Logger.Lines.Any(line => line.Contains("Stop one of the two", StringComparison.Ordinal)));
        Assert.Contains("member b runs twice", Assert.Single(a.Transport.Notices), StringComparison.Ordinal);
        Assert.Contains(a.Logger.Lines, line => line.Contains("second process with its identity", StringComparison.Ordinal));
        second.Send(a, Beat with { Term = 11 });
        first.Send(a, Beat);
        a.Listener.Until(() => a.Listener.Messages.Length == 1);
        Assert.Equal(9UL, a.Listener.Messages[0].Message.Term);
        Assert.Equal((0, 0, 0), (a.Listener.Disconnects, first.Listener.Disconnects, first.Listener.Asides.Length));
        Assert.Null(first.Transport.StandsAside);

        await first.DisposeAsync();
        second.Listener.Until(() => second.Listener.Asides is [true, false]);
        Assert.All(second.Listener.SetBacks, remembered => Assert.Equal(2UL, remembered));
        Assert.NotEmpty(second.Listener.SetBacks); // what the first one acknowledged it does not have
        second.WaitConnected(a);
        second.Send(a, Beat with { Term = 12 });
        a.Listener.Until(() => a.Listener.Messages.Any(m => m.Message.Term == 12));
        Assert.DoesNotContain(a.Listener.Messages, m => m.Message.Term == 11);
    }

    [Fact]
    public async Task A_restart_is_connected_at_once_and_nobody_takes_it_for_a_second_process()
    {
        using TemporaryDirectory home = new(), origin = new();
        await using var a = Run(0xA, home.Path);
        a.Start();
        var port = 0;
        for (var round = 0; round < 5; round++)
        {
            var b = Run(0xB, origin.Path, a, port);
            port = b.Transport.LocalEndPoint.Port;
            a.Meet(b);
            b.Start();
            b.WaitConnected(a);
            b.Send(a, Beat with { Term = (ulong)round });
            a.Listener.Until(() => a.Listener.Messages.Any(m => m.Message.Term == (ulong)round));
            Assert.Equal((0, 0), (b.Listener.Asides.Length, b.Listener.SetBacks.Length));
            await b.DisposeAsync();
        }
        Assert.Empty(a.Transport.Notices);
    }

    [Fact]
    public async Task A_directory_that_was_set_back_is_told_so_by_whoever_knew_a_later_start_over_its_own_restarts()
    {
        using TemporaryDirectory home = new(), origin = new(), backup = new();
        var a = Run(0xA, home.Path);
        a.Start();
        foreach (var keep in (bool[])[true, false])
        {
            await using var b = Run(0xB, origin.Path, a);
            a.Meet(b);
            b.Start();
            b.WaitConnected(a);
            if (keep) Copy(origin.Path, backup);
        }
        await a.DisposeAsync();
        a = Run(0xA, home.Path);
        await using var _ = a;
        var back = Run(0xB, backup.Path, a);
        a.Meet(back);
        a.Start();
        back.Start();
        back.WaitConnected(a);
        Assert.All(back.Listener.SetBacks, remembered => Assert.Equal(2UL, remembered));
        Assert.NotEmpty(back.Listener.SetBacks);
        Assert.Empty(back.Listener.Asides);
        back.Listener.Until(() => a.Logger.Lines.Any(line => line.Contains("set back", StringComparison.Ordinal)));

        await back.DisposeAsync();
        await using var again = Run(0xB, backup.Path, a); // it is above what was remembered now
        a.Meet(again);
        again.Start();
        again.WaitConnected(a);
        Assert.Empty(again.Listener.SetBacks);
    }

    [Fact]
    public async Task A_copy_that_was_made_under_a_running_process_is_told_so_as_well_and_nobody_is_disturbed_by_the_counting()
    {
        using TemporaryDirectory home = new(), origin = new(), backup = new();
        await using var a = Run(0xA, home.Path);
        var counted = MemberStarts.Begin(origin.Path);
        var b = TransportNode.Create(0xB, starts: counted, countUpEveryMs: 50);
        b.Meet(a);
        a.Meet(b);
        a.Start();
        b.Start();
        a.WaitConnected(b);
        b.WaitConnected(a);
        Copy(origin.Path, backup); // the machine is saved as it runs
        await TransportNode.UndisturbedAsync(b, a, () =>
        {
            var saved = counted.Start;
            b.Listener.Until(() => counted.Start >= saved + 2); // the one before was told
            return Task.CompletedTask;
        });
        await b.DisposeAsync();
        await using var back = Run(0xB, backup.Path, a);
        a.Meet(back);
        back.Start();
        back.WaitConnected(a);
        Assert.NotEmpty(back.Listener.SetBacks);
    }

    [Fact]
    public void A_new_process_that_cannot_be_remembered_is_not_admitted_and_one_that_only_counts_up_is()
    {
        using var home = new TemporaryDirectory();
        var path = Path.Combine(home.Path, "replica");
        Directory.CreateDirectory(path);
        var starts = MemberStarts.Begin(path);
        var b = new MemberId(0xB);
        Assert.Null(starts.Meet(b, run: 1, start: 4));
        Directory.Delete(path, recursive: true); // nothing can be written
        Assert.Contains("cannot be remembered", Assert.Throws<IOException>(() => starts.Meet(b, run: 2, start: 5)).Message,
            StringComparison.Ordinal);
        Assert.Null(starts.Meet(b, run: 1, start: 5));
        Assert.Equal(4UL, starts.Meet(b, run: 3, start: 4)); // what is on the disk counts
        Directory.CreateDirectory(path);
        Assert.Null(starts.Meet(b, run: 2, start: 5));
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task Versions_that_greet_and_that_do_not_talk_with_each_other(bool one, bool other)
    {
        using TemporaryDirectory home = new(), origin = new();
        await using var a = TransportNode.Create(0xA, starts: one ? MemberStarts.Begin(home.Path) : null);
        await using var b = TransportNode.Create(0xB, starts: other ? MemberStarts.Begin(origin.Path) : null);
        a.Meet(b);
        b.Meet(a);
        a.Start();
        b.Start();
        a.WaitConnected(b);
        b.WaitConnected(a);
        a.Send(b, Beat);
        b.Send(a, Beat);
        a.Listener.Until(() => a.Listener.Messages.Length == 1);
        b.Listener.Until(() => b.Listener.Messages.Length == 1);
    }
}
