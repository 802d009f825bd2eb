namespace VideoScale.Consensus.InMemory;

/// <summary>
/// Runs actions one at a time in the order they came, on the thread of whoever finds the queue idle: with one caller
/// everything is done when the call returns, which makes tests deterministic.
/// </summary>
internal sealed class SerialQueue
{
    private readonly Lock _gate = new();
    private readonly Queue<Action> _actions = new();
    private bool _running;

    internal void Run(Action action)
    {
        lock (_gate)
        {
            _actions.Enqueue(action);
            if (_running) return; // whoever runs now takes it
            _running = true;
        }
        while (true)
        {
            Action next;
            lock (_gate)
            {
                if (!_actions.TryDequeue(out next!)) { _running = false; return; }
            }
            next();
        }
    }
}
