using VideoScale.Rpc;

namespace VideoScale.MediaNode.Host.Features;

/// <summary>
/// A part of a media node in a folder of its own: makes what it needs of the <see cref="NodeCore"/>, and says here what is to run, serve
/// and be disposed. A node is its core and a list of these (docs/adding-a-feature.md).
/// </summary>
internal interface INodeFeature
{
    void Register(EndpointRegistry registry);
}
