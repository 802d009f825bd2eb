using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Fields;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Cluster;

/// <summary>
/// Where the log ended, as far as the state goes: what follows in it changes nothing, so that replicas which have applied more and less of
/// it have the same state. A log that goes on after this entry begins with a new recovery generation.
/// </summary>
/// <param name="Engine">The one that is meant to go on.</param>
/// <param name="Index">The sealing entry's.</param>
/// <param name="Term">The sealing entry's.</param>
public sealed record LogSeal(string Engine, ulong Index, ulong Term)
{
    /// <summary>Why a command is not run.</summary>
    public Failure Refusal => Failure.Unavailable(
        $"the cluster's log is sealed at entry {Index}, to go on with the engine \"{Engine}\": nothing was done; retry with the same "
        + "request_id once its replicas run with that");

    public void Describe(FieldSink sink)
    {
        sink.Text("sealed_for", Engine);
        sink.Number("sealed_index", Index);
        sink.Number("sealed_term", Term);
    }

    public static LogSeal Read(ref CanonicalReader reader) => new(reader.ReadString(), reader.ReadUInt64(), reader.ReadUInt64());
}
