namespace VideoScale.MediaNode.Host.Sessions;

/// <summary>Which shard a new session's packets go through.</summary>
internal static class ShardChoice
{
    /// <summary>A room fills one shard before it takes the next: between shards packets are copied once more.</summary>
    private const int RoomOnOneShard = 100;

    internal static int For(RoomSession room, IEnumerable<ParticipantSession> all, int shards)
    {
        var load = new int[shards];
        foreach (var session in all) load[session.Uplink.ShardNumber]++;
        var used = room.Participants.GroupBy(participant => participant.Uplink.ShardNumber).Where(shard => shard.Count() < RoomOnOneShard)
            .Select(shard => shard.Key).ToList();
        return used.Count > 0 ? used.Min() : Array.IndexOf(load, load.Min());
    }
}
