using VideoScale.ControlPlane.Host.Rooms;
using VideoScale.ControlPlane.Rooms;
using VideoScale.ControlPlane.Tests.Core;
using VideoScale.Model;
using VideoScale.V1;

namespace VideoScale.ControlPlane.Tests.HostTests;

/// <summary>A listing goes on to its end however much the rooms carry.</summary>
public sealed class RoomListingTests
{
    private const int Rooms = 30;
    private const int UsualLimitBytes = 4 << 20; // what a gRPC client takes in one message, when nobody told it otherwise

    [Theory]
    [InlineData(RoomDetails.MaxMetadataBytes, 5)]
    [InlineData(100, 1)]
    public void Pages_end_before_they_are_too_large_for_any_client_and_miss_nothing(int metadataBytes, int expectedPages)
    {
        var bed = new Bed();
        for (var i = 0; i < Rooms; i++)
        {
            var name = $"room-{i:00}";
            bed.Must(
                new RoomCommand.Open(RoomName.IdOf(name), name, new(null, null, null, new byte[metadataBytes]), ChangesExisting: true));
        }
        var (listed, pages, after) = (new List<string>(), 0, "");
        ListRoomsReply page;
        do
        {
            page = RoomListing.Page(bed.State, 1, after, 1_000, new NodeId(""), includeClosed: false, "");
            Assert.InRange(page.CalculateSize(), 1, UsualLimitBytes);
            listed.AddRange(page.Rooms.Select(room => room.RoomId));
            (after, pages) = (page.NextPageToken, pages + 1);
        }
        while (after.Length > 0);
        Assert.Equal(expectedPages, pages);
        Assert.Equal(Enumerable.Range(0, Rooms).Select(i => $"room-{i:00}"), listed);
    }
}
