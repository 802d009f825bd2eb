using Grpc.Core;
using VideoScale.Model;

namespace VideoScale.Gateway.Ports;

/// <summary>Where rooms stand, as this replica has applied it, and when that changes.</summary>
public interface IRoomPlaces
{
    /// <param name="seat">Whose seat is asked for too; empty for nobody's.</param>
    /// <returns>Null when the room is not known.</returns>
    ValueTask<RoomPlace?> LookAsync(RoomId room, string seat = "");

    /// <summary>The same once everything that was acknowledged before the call is applied here.</summary>
    /// <exception cref="RpcException">No quorum answers.</exception>
    ValueTask<RoomPlace?> LookLinearizablyAsync(RoomId room, CancellationToken cancellationToken);

    /// <summary>The room's events from now on, until it is disposed.</summary>
    IRoomChanges Follow(RoomId room);

    /// <summary>
    /// Waits a little while this replica has just started: before it has applied what the others have, it would take sessions that live for
    /// lost.
    /// </summary>
    Task CatchUpAsync(CancellationToken cancellationToken);

    /// <summary>Where nodes are reached, by their names.</summary>
    ValueTask<IReadOnlyDictionary<string, string>> NodeAddressesAsync();

    /// <summary>Tells of changes of rooms from now on. Calls come from the apply thread and must be quick.</summary>
    void Observe(IRoomObserver observer);
}

/// <summary>Events of one room.</summary>
public interface IRoomChanges : IDisposable
{
    /// <summary>Completes with the next one. Take it before looking at the room, or a change may be missed.</summary>
    Task Next { get; }
}

/// <summary>Hears what the log changes of open rooms.</summary>
public interface IRoomObserver
{
    /// <summary>Metadata, time-outs or caps changed.</summary>
    void OnUpdated(RoomId room);

    /// <summary>A snapshot took the place of the state: whatever it jumped over, nobody was told.</summary>
    void OnRestored();
}
