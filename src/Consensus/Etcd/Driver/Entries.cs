using VideoScale.Consensus.Etcd.Client;
using VideoScale.Consensus.Etcd.Layout;

namespace VideoScale.Consensus.Etcd.Driver;

/// <summary>Entries as etcd holds them.</summary>
internal static class Entries
{
    /// <exception cref="EtcdLogException">Somebody else wrote or changed it.</exception>
    internal static Entry Decode(EtcdKeys keys, KeyValue kv)
    {
        var index = keys.IndexOf(kv.Key) ?? throw new EtcdLogException($"{EtcdKeys.NameOf(kv.Key)} in etcd is not the key of an entry");
        if (kv.Version != 1)
            throw new EtcdLogException(
                $"{EtcdKeys.NameOf(kv.Key)} in etcd was written {kv.Version} times: an entry is written once, so somebody else "
                + "writes under our prefix. Nothing more is applied here");
        try { return EntryValue.Decode(index, kv.Value); }
        catch (FormatException e)
        {
            throw new EtcdLogException(
                $"{EtcdKeys.NameOf(kv.Key)} in etcd was not written by VideoScale ({e.Message}). Nothing more is applied here", e);
        }
    }
}

/// <summary>What etcd holds under our prefix is not what was written there: this replica stops for ever.</summary>
public sealed class EtcdLogException : Exception
{
    public EtcdLogException() { }
    public EtcdLogException(string message) : base(message) { }
    public EtcdLogException(string message, Exception innerException) : base(message, innerException) { }
}
