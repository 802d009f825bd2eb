using System.Collections.Concurrent;
using Grpc.Core;
using VideoScale.Harness.Processes;
using VideoScale.V1;

namespace VideoScale.Integration.Tests.Engines;

/// <summary>
/// Writers that make rooms, one after the other; each is asked for under its id until somebody says that it is made, whoever that is. No
/// media node is where they are wanted, so that they take nobody's place.
/// </summary>
internal sealed class RoomLoad : IDisposable
{
    internal static readonly TimeSpan CallTime = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);
    private readonly TestCluster _cluster;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<string> _acknowledged = new();
    private readonly Task _writing;

    internal RoomLoad(TestCluster cluster, int writers)
    {
        _cluster = cluster;
        _writing = Task.WhenAll(Enumerable.Range(0, writers).Select(WriteAsync));
    }

    /// <summary>Waits until so many more are acknowledged.</summary>
    internal async Task MoreAsync(int count)
    {
        var before = _acknowledged.Count;
        await Eventually.HoldsAsync(() => _acknowledged.Count >= before + count, $"{count} more rooms are acknowledged",
            details: () => string.Join('\n', _cluster.Replicas.Select(replica => $"{replica.Name}: {replica.Log}")));
    }

    internal async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _writing;
    }

    /// <summary>What was acknowledged is at every replica, once; state and events are the same at all.</summary>
    internal async Task VerifyAsync()
    {
        foreach (var replica in _cluster.Replicas)
        {
            await replica.WaitForReadyAsync();
            var rooms = await ListAsync(replica);
            Assert.Equal(rooms.Count, rooms.Distinct().Count());
            Assert.Empty(_acknowledged.Except(rooms));
        }
        await SameStateAsync();
    }

    public void Dispose() => _stop.Dispose();

    private async Task WriteAsync(int writer)
    {
        for (var (i, at) = (0, writer); !_stop.IsCancellationRequested; i++)
        {
            var name = $"w{writer}-{i}";
            while (true)
            {
                var replica = _cluster.Replicas[at % _cluster.Replicas.Count];
                try
                {
                    await _cluster.Rooms(replica).CreateRoomAsync(new CreateRoomRequest
                    {
                        RequestId = name,
                        RoomId = name,
                        KeepWhenEmpty = true,
                        Region = "nowhere",
                    },
                        deadline: DateTime.UtcNow + CallTime, cancellationToken: CancellationToken.None);
                    _acknowledged.Enqueue(name);
                    await Task.Delay(Pause, CancellationToken.None);
                    break;
                }
                catch (RpcException e) when (e.StatusCode is StatusCode.Unavailable or StatusCode.DeadlineExceeded or StatusCode.Unknown
                    or StatusCode.Internal or StatusCode.Cancelled)
                {
                    if (_stop.IsCancellationRequested) return; // its outcome stays open
                    at++;
                    await Task.Delay(20, CancellationToken.None);
                }
            }
        }
    }

    private async Task<List<string>> ListAsync(ReplicaProcess replica)
    {
        var all = new List<string>();
        var page = new ListRoomsRequest { PageSize = 1_000 };
        do
        {
            var reply = await _cluster.Rooms(replica).ListRoomsAsync(page, deadline: DateTime.UtcNow + TimeSpan.FromSeconds(30));
            all.AddRange(reply.Rooms.Select(room => room.RoomId));
            page.PageToken = reply.NextPageToken;
        } while (page.PageToken.Length > 0);
        return all;
    }

    private async Task SameStateAsync()
    {
        string[] states = [];
        await Eventually.HoldsAsync(async () =>
        {
            states = await Task.WhenAll(_cluster.Replicas.Select(async replica =>
            {
                var status = await _cluster.Cluster(replica).GetStatusAsync(new GetStatusRequest(), deadline: DateTime.UtcNow + CallTime);
                return $"{status.HashedAtIndex} {status.StateHash.ToBase64()} {status.EventSeq} {status.ChainHead.ToBase64()}";
            }));
            return states.Distinct().Count() == 1;
        }, "state and events are the same at all", details: () => string.Join('\n', states));
    }
}
