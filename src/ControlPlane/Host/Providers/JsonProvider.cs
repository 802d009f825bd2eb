using VideoScale.Model;

namespace VideoScale.ControlPlane.Host.Providers;

/// <summary>A provider that is asked in JSON, whatever carries it.</summary>
public abstract class JsonProvider(string name, string cluster) : IInstanceProvider
{
    public string Name => name;

    public async Task<string> LaunchAsync(LaunchOrder order, CancellationToken cancellationToken)
    {
        var request = new ProviderRequest(ProviderRequest.Launch, cluster, order.Pool, order.Key.Value, order.Region);
        return (await AskAsync(request, cancellationToken)).Id is { Length: > 0 } id ? id
            : throw new ProviderException(ProviderError.Unknown, "it answered a launch without the id of what it launched");
    }

    public async Task TerminateAsync(string pool, NodeId key, string providerId, CancellationToken cancellationToken) =>
        await AskAsync(new(ProviderRequest.Terminate, cluster, pool, key.Value, Id: providerId), cancellationToken);

    public async Task<IReadOnlyList<ProvidedInstance>> ListAsync(string pool, CancellationToken cancellationToken)
    {
        var reply = await AskAsync(new(ProviderRequest.List, cluster, pool), cancellationToken);
        return reply.Instances is { } listed ? [.. listed.Select(each => new ProvidedInstance(new(each.Key ?? ""), each.Id ?? ""))]
            : throw new ProviderException(ProviderError.Unknown, "it answered a list without instances");
    }

    /// <returns>No refusal: that is thrown.</returns>
    /// <exception cref="ProviderException">It said no, or nothing that can be understood.</exception>
    protected abstract Task<ProviderReply> AskAsync(ProviderRequest request, CancellationToken cancellationToken);
}
