namespace VideoScale.MediaNode.Host.Tcp;

/// <summary>Whose peer each ICE fragment of this node names. Any thread.</summary>
public sealed class FragmentDirectory
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, IConnectionOwner> _owners = new(StringComparer.Ordinal);
    private TaskCompletionSource _added = New();

    internal void Add(string fragment, IConnectionOwner owner)
    {
        TaskCompletionSource added;
        lock (_gate)
        {
            _owners[fragment] = owner;
            (added, _added) = (_added, New());
        }
        added.SetResult();
    }

    internal void Remove(string fragment)
    {
        lock (_gate) _owners.Remove(fragment);
    }

    /// <summary>
    /// The owner of a fragment, once there is one: the first check of an offer of ours may come before the answer, and with it the peer.
    /// </summary>
    internal async Task<IConnectionOwner> FindAsync(string fragment, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task added;
            lock (_gate)
            {
                if (_owners.TryGetValue(fragment, out var owner)) return owner;
                added = _added.Task;
            }
            await added.WaitAsync(cancellationToken);
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
