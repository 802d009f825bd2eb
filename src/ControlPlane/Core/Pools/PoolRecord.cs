using System.Collections.Immutable;
using System.Globalization;
using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Fields;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Pools;

/// <summary>How far an instance is. Its node, once it registered, stands in the nodes' records under the same name.</summary>
public enum InstanceStatus : byte
{
    None = 0,
    /// <summary>It is on record that it is wanted; whether the provider has been asked is not known.</summary>
    Requested = 1,
    /// <summary>The provider said yes and named it.</summary>
    Launched = 2,
    /// <summary>It is on record that it goes; the provider is asked until it is gone.</summary>
    Terminating = 3,
}

/// <summary>A machine or process that a provider starts for us and that runs one media node.</summary>
/// <param name="Key">Ours, chosen before the provider is asked, never used again; the node registers under it.</param>
/// <param name="ProviderId">What the provider calls it; empty until it said so.</param>
/// <param name="RequestedAtMs">Log time.</param>
/// <param name="IsReleased">The scaler drains its node. A drain that an operator began is not the scaler's to take back.</param>
public sealed record InstanceRecord(NodeId Key, InstanceStatus Status, string ProviderId, long RequestedAtMs, bool IsReleased)
{
    public void Describe(FieldSink sink)
    {
        sink.Node("key", Key);
        sink.Choice("status", Status);
        sink.Text("provider_id", ProviderId);
        sink.Signed("requested_at_ms", RequestedAtMs);
        sink.Flag("is_released", IsReleased);
    }

    public static InstanceRecord Read(ref CanonicalReader r) =>
        new(r.ReadNode(), (InstanceStatus)r.ReadByte(), r.ReadString(), r.ReadInt64(), r.ReadBool());
}

/// <summary>A pool as the fold of its events. Immutable: a change replaces it.</summary>
/// <param name="Instances">In the order in which they were asked for; those that are gone are in the log alone.</param>
/// <param name="Failures">Launches that failed since one registered.</param>
/// <param name="RetryAtMs">Log time before which nothing is launched, after failures; 0 for none.</param>
/// <param name="Suspended">Why nothing is launched until somebody resumes it; empty while it is not suspended.</param>
/// <param name="Launched">Number of the last instance ever asked for: keys are POOL-NUMBER, and no number is given twice.</param>
public sealed record PoolRecord(
    string Pool, PoolPolicy Policy, ImmutableArray<InstanceRecord> Instances, uint Failures, long RetryAtMs, string Suspended,
    ulong Launched)
{
    /// <summary>So many launches in a row may fail before somebody has to look.</summary>
    public const uint MostFailures = 3;

    /// <summary>Those that are not on their way out.</summary>
    public int Standing => Instances.Count(instance => instance.Status != InstanceStatus.Terminating);

    public NodeId KeyOf(ulong number) => new($"{Pool}-{number}");

    /// <summary>The number of an instance of this pool; null for what is no key of it.</summary>
    public ulong? NumberOf(NodeId key) =>
        key.Value.Length > Pool.Length + 1 && key.Value.StartsWith(Pool, StringComparison.Ordinal) && key.Value[Pool.Length] == '-'
        && key.Value[Pool.Length + 1] != '0'
        && ulong.TryParse(key.Value.AsSpan(Pool.Length + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number : null;

    /// <summary>The key of an instance that is over, or is being ended: whoever runs under it may take no rooms any more.</summary>
    public bool IsOver(NodeId key) =>
        NumberOf(key) is { } number && number <= Launched && Find(key) is null or { Status: InstanceStatus.Terminating };

    public InstanceRecord? Find(NodeId key) => Instances.FirstOrDefault(instance => instance.Key == key);

    internal PoolRecord With(InstanceRecord instance) => this with
    {
        Instances = Instances.Replace(Instances.First(known => known.Key == instance.Key), instance),
    };

    internal PoolRecord Without(NodeId key) => this with { Instances = Instances.RemoveAll(instance => instance.Key == key) };

    public void Describe(FieldSink sink)
    {
        sink.Text("pool", Pool);
        Policy.Describe(sink);
        sink.BeginList("instances", Instances.Length);
        foreach (var instance in Instances)
        {
            sink.BeginItem();
            instance.Describe(sink);
            sink.EndItem();
        }
        sink.EndList();
        sink.Number("failures", Failures);
        sink.Signed("retry_at_ms", RetryAtMs);
        sink.Text("suspended", Suspended);
        sink.Number("launched", Launched);
    }

    public static PoolRecord Read(ref CanonicalReader r)
    {
        var (pool, policy) = (r.ReadString(), PoolPolicy.Read(ref r));
        var instances = new InstanceRecord[r.ReadCount()];
        for (var i = 0; i < instances.Length; i++) instances[i] = InstanceRecord.Read(ref r);
        return new(pool, policy, [.. instances], r.ReadUInt32(), r.ReadInt64(), r.ReadString(), r.ReadUInt64());
    }
}
