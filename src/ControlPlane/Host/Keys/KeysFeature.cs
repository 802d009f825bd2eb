using VideoScale.ControlPlane.Host.Features;
using VideoScale.ControlPlane.Host.Options;
using VideoScale.Gateway.Tokens;

namespace VideoScale.ControlPlane.Host.Keys;

/// <summary>API keys and revoked tokens in the log.</summary>
internal sealed class KeysFeature : IFeature
{
    private readonly ReplicaCore _core;
    private readonly SealKeys _seals;
    private readonly ReplicatedKeys _keys;

    internal KeysFeature(ReplicaCore core)
    {
        _core = core;
        _seals = SealKeys.Read(core.Options.SealKeyFile);
        _keys = new ReplicatedKeys(ApiKeyOptions.AllOf(core.Options).Select(static key => new ApiKey(key.Key, key.Secret)), _seals,
            core.Cluster.ClusterId, core.Clock);
    }

    /// <summary>What tokens are checked by.</summary>
    internal IKeyRing Ring => _keys;

    public void Register(FeatureRegistry registry)
    {
        registry.Listen(_keys);
        registry.Serve(new KeyApi(_core, _seals, _keys));
    }
}
