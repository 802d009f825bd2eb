namespace VideoScale.MediaNode.Host.Sessions;

/// <summary>
/// Numbers for peers, tracks, subscriptions and rooms, under which the engine knows them; one sequence for all, never used twice.
/// </summary>
internal sealed class SessionNumbers
{
    private int _last;

    internal int Next() => ++_last;
}
