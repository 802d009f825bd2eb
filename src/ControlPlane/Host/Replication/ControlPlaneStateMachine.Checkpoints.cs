using VideoScale.ControlPlane.Cluster;

namespace VideoScale.ControlPlane.Host.Replication;

public sealed partial class ControlPlaneStateMachine
{
    /// <summary>Called once, on the apply thread, when a committed checkpoint differs from what this replica had at its mark.</summary>
    public event Action<string>? Diverged;

    private void Compare(Checkpoint agreed)
    {
        if (Marks.Find(agreed.Index) is not { } mine) return; // this replica came by snapshot, after the mark
        if (mine.StateHash == agreed.StateHash && mine.EventSeq == agreed.EventSeq
            && mine.ChainHead.ToArray().AsSpan().SequenceEqual(agreed.ChainHead.Span)
                && mine.MerkleRoot.ToArray().AsSpan().SequenceEqual(agreed.MerkleRoot.Span)) return;
        var what = mine.StateHash != agreed.StateHash ? $"state {mine.StateHash:x32}, the majority has {agreed.StateHash:x32}"
            : mine.EventSeq != agreed.EventSeq ? $"event {mine.EventSeq}, the majority has {agreed.EventSeq}"
            : $"chain head {mine.ChainHead}, the majority has {Convert.ToHexStringLower(agreed.ChainHead.Span)}";
        Diverged?.Invoke($"at log index {agreed.Index} it has {what}");
    }
}
