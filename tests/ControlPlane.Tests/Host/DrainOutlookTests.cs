using VideoScale.ControlPlane.Host.Drain;
using VideoScale.ControlPlane.Placement;
using VideoScale.Harness;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Tests.HostTests;

public sealed class DrainOutlookTests
{
    private static readonly NodeId From = new("media-1"), Other = new("media-2"), Third = new("media-3");

    private static Obstacle Of(params PlacementRejection[] rejections) =>
        DrainOutlook.ObstacleOf(
            new PlacementDecision(default, 0, Reservation.Nothing, PlacementReason.Drain, 0, 1, [], [.. rejections], []), From, "");

    [Fact]
    public void What_blocks_a_drain_is_the_same_as_long_as_only_figures_change() => Seeds.Run(100, random =>
    {
        PlacementRejection At(NodeId node, RejectionReason reason) =>
            new(node, reason, 850, (ulong)random.Next(851, 1_000), (ulong)random.Next(1, 9));
        var first = Of(At(Other, RejectionReason.Cpu), At(Third, RejectionReason.Bitrate));
        var later = Of(At(Third, RejectionReason.Bitrate), At(Other, RejectionReason.Cpu));
        Assert.Equal(first.Kind, later.Kind);
        Assert.Contains("of 850 permille", first.Why, StringComparison.Ordinal); // people are told them all the same
        Assert.NotEqual(first.Kind, Of(At(Other, RejectionReason.Cordoned), At(Third, RejectionReason.Bitrate)).Kind);
        Assert.NotEqual(first.Kind, Of(At(Other, RejectionReason.Cpu)).Kind);
        var rooms = new BlockedRooms(3, new("a"), first);
        Assert.Equal(rooms.Kind, (rooms with { Obstacle = later }).Kind);
        Assert.NotEqual(rooms.Kind, (rooms with { Rooms = 2 }).Kind);
    });
}
