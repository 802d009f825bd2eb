using VideoScale.ControlPlane.Audit;
using VideoScale.ControlPlane.Webhooks;

namespace VideoScale.ControlPlane.Host.Webhooks;

/// <param name="Event">Id of the event that the notice comes of.</param>
internal sealed record Outgoing(EventId Event, Notice Notice);
