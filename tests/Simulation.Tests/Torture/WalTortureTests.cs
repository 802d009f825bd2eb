using VideoScale.Simulation.Running;
using VideoScale.Simulation.Seams;
using Xunit.Abstractions;

namespace VideoScale.Simulation.Torture;

[Collection(nameof(OneAtATime))]
public sealed class WalTortureTests(ITestOutputHelper output)
{
    [Fact]
    public void A_crash_at_any_byte_loses_nothing_that_was_synced()
    {
        var torture = new WalTorture(1);
        Assert.True(torture.CutAtEveryByte() >= torture.Bytes - 4096);
    }

    [Fact]
    public void Sectors_that_never_arrived_are_a_torn_write_and_not_rot()
    {
        for (var seed = 1UL; seed <= 5; seed++) Assert.True(new WalTorture(seed).LoseSectors() > 100);
    }

    [Fact]
    public void No_flipped_bit_is_silently_wrong()
    {
        var torture = new WalTorture(1);
        // each bit of a byte in turn; `./dev sim mutants` and the log's own tests go through others
        var refused = torture.FlipEveryBit(step: 7);
        output.WriteLine($"{torture.Writes} writes, {torture.Bytes} bytes, {refused} flips refused");
        Assert.True(refused > (torture.Bytes - 4096) * 6 / 7);
    }

    [Fact]
    public void Truncating_at_rot_is_caught() =>
        Assert.True(MutantsCommand.Try(Bug.TruncateOnRot, runs: 1, seeds: 1, timeMs: 1_000, jobs: 1).IsCaught);
}
