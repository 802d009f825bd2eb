namespace VideoScale.ControlPlane.Host.Options;

/// <summary>For the engine "etcd": where the operator's etcd is and which of its keys are ours. See docs/consensus.md.</summary>
public sealed class EtcdSettings
{
    /// <summary>Its members: http://host:port, https://host:port, or host:port; needed.</summary>
    public List<string> Endpoints { get; set; } = [];

    /// <summary>What all keys begin with, ours alone; empty: /videoscale/ and the cluster's id.</summary>
    public string Prefix { get; set; } = "";

    /// <summary>Empty: none.</summary>
    public string User { get; set; } = "";

    /// <summary>The user's password; a file is better, since others may see environment and command line.</summary>
    public string Password { get; set; } = "";

    /// <summary>A file that holds the password; its last line end does not count.</summary>
    public string PasswordFile { get; set; } = "";

    /// <summary>PEM file with the authority of etcd's certificates; empty: plain HTTP/2.</summary>
    public string Authority { get; set; } = "";

    /// <summary>PEM file with the certificate that etcd is shown, if it asks for one.</summary>
    public string Certificate { get; set; } = "";

    /// <summary>PEM file with its private key.</summary>
    public string Key { get; set; } = "";

    /// <summary>A leader that cannot renew its lease for so many seconds leads no more; 2 to 60.</summary>
    public int LeaseSeconds { get; set; } = 5;

    /// <summary>Most operations in one transaction: etcd's --max-txn-ops; 8 to 100,000.</summary>
    public int MaxTxnOperations { get; set; } = 128;

    /// <summary>
    /// Most bytes of one request, below etcd's --max-request-bytes; 64 KiB to 512 MiB, and MaxEntryBytes with room to spare.
    /// </summary>
    public int MaxRequestBytes { get; set; } = 1_400 << 10;

    /// <summary>Whether the leader compacts etcd's history behind its snapshots: only where no one else needs that history.</summary>
    public bool CompactsHistory { get; set; }
}
