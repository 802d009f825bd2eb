namespace VideoScale.ControlPlane.Host.Features;

/// <summary>
/// A part of a replica in a folder of its own: makes what it needs of the <see cref="ReplicaCore"/>, and says here what is to follow state,
/// run, serve, end and be disposed. A replica is its core and a list of these (docs/adding-a-feature.md).
/// </summary>
internal interface IFeature
{
    void Register(FeatureRegistry registry);
}
