using VideoScale.ControlPlane.Host.Members;

namespace VideoScale.ControlPlane.Tests.HostTests;

public sealed class SealExclusionTests
{
    [Fact]
    public void Members_do_not_change_while_a_seal_is_proposed_nor_the_other_way_round()
    {
        var exclusion = new SealExclusion();
        using (exclusion.TryChange())
        using (exclusion.TryChange())
            Assert.Null(exclusion.TrySeal());
        using (exclusion.TrySeal())
        using (exclusion.TrySeal()) // the same request, once more
            Assert.Null(exclusion.TryChange());
        using var free = exclusion.TryChange();
        Assert.NotNull(free);
    }
}
