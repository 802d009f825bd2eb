using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace VideoScale.Rpc;

/// <summary>What a process serves, as its features bring it: made by them, so that the web host has nothing to compose.</summary>
public class EndpointRegistry
{
    private readonly List<Action<IServiceCollection>> _added = [];
    private readonly List<Action<WebApplication>> _mapped = [];
    private readonly List<Action<WebApplication>> _services = [];
    private readonly Stack<Func<ValueTask>> _owned = [];

    /// <summary>A gRPC service, one for all calls.</summary>
    public void Serve<TService>(TService service) where TService : class
    {
        _added.Add(services => services.AddSingleton(service));
        _services.Add(static web => web.MapGrpcService<TService>());
    }

    /// <summary>HTTP endpoints; before those of gRPC, in the order they come.</summary>
    public void Map(Action<WebApplication> map) => _mapped.Add(map);

    /// <summary>Begins before the ports listen and ends with them.</summary>
    public void Host(IHostedService service) => _added.Add(services => services.AddSingleton(service));

    /// <summary>Is disposed after the ports have closed; what comes last goes first.</summary>
    public void Own(IDisposable owned) => _owned.Push(() =>
    {
        owned.Dispose();
        return ValueTask.CompletedTask;
    });

    /// <inheritdoc cref="Own(IDisposable)"/>
    public void Own(IAsyncDisposable owned) => _owned.Push(owned.DisposeAsync);

    /// <summary>Before the web host is built.</summary>
    public void AddTo(IServiceCollection services)
    {
        foreach (var add in _added) add(services);
    }

    /// <summary>Once it is built, and before it starts.</summary>
    public void MapTo(WebApplication web)
    {
        foreach (var map in _mapped) map(web);
        web.MapVideoScaleGrpc();
        foreach (var map in _services) map(web);
    }

    public async ValueTask DisposeOwnedAsync()
    {
        while (_owned.TryPop(out var dispose)) await dispose();
    }
}
