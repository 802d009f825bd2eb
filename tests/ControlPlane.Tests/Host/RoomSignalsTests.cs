using VideoScale.ControlPlane.Host.Rooms;
using VideoScale.ControlPlane.State;

namespace VideoScale.ControlPlane.Tests.HostTests;

public sealed class RoomSignalsTests
{
    [Fact]
    public void Of_a_room_that_nobody_follows_any_more_nothing_is_kept()
    {
        var signals = new RoomSignals();
        var first = signals.Follow(new("r"));
        var second = signals.Follow(new("r"));
        var next = first.Next;
        Assert.Same(next, second.Next);
        signals.OnRestored(1, new ClusterState());
        Assert.True(next.IsCompletedSuccessfully);
        Assert.False(first.Next.IsCompleted);
        first.Dispose();
        first.Dispose();
        Assert.Equal(1, signals.Count);
        second.Dispose();
        Assert.Equal(0, signals.Count);
    }
}
