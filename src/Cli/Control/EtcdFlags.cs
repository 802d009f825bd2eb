using System.CommandLine;
using VideoScale.Consensus.Etcd;
using VideoScale.Consensus.Etcd.Client;
using VideoScale.ControlPlane.Host.Options;
using VideoScale.Rpc;

namespace VideoScale.Cli.Control;

/// <summary>
/// The flags of the engine "etcd", for <c>control</c> and <c>up</c>; each stands above its setting in file and environment.
/// </summary>
internal static class EtcdFlags
{
    private const int LargestCommandBytes = 128 << 10; // an entry is closed by the command that exceeds it

    private static readonly Option<string?> Endpoints = new("--etcd-endpoints")
    {
        Description = "For --engine etcd: members of the operator's etcd, host:port[,host:port…], with http:// or https:// if it matters.",
        HelpName = "LIST",
    };
    private static readonly Option<string?> Prefix = new("--etcd-prefix")
    {
        Description = "What all its keys begin with, ours alone; default /videoscale/ and the cluster's id.",
        HelpName = "PREFIX",
    };
    private static readonly Option<string?> User = new("--etcd-user")
    {
        Description = "Its user. The password: --etcd-password-file, or VIDEOSCALE__ControlPlane__Etcd__Password.",
        HelpName = "NAME",
    };
    private static readonly Option<string?> PasswordFile = new("--etcd-password-file")
    {
        Description = "File that holds the user's password.",
        HelpName = "FILE",
    };
    private static readonly Option<string?> Authority = new("--etcd-ca")
    {
        Description = "PEM file with the authority of etcd's certificates: https.",
        HelpName = "FILE",
    };
    private static readonly Option<string?> Certificate = new("--etcd-cert")
    {
        Description = "PEM file with the certificate that etcd is shown.",
        HelpName = "FILE",
    };
    private static readonly Option<string?> Key = new("--etcd-key") { Description = "PEM file with its private key.", HelpName = "FILE" };
    private static readonly Option<int?> Lease = new("--etcd-lease")
    {
        Description = "Seconds after which a leader that cannot renew its lease leads no more, 2 to 60; default 5.",
        HelpName = "SECONDS",
    };

    internal static IReadOnlyList<Option> All { get; } = [Endpoints, Prefix, User, PasswordFile, Authority, Certificate, Key, Lease];

    internal static void Read(ParseResult parsed, EtcdSettings settings)
    {
        if (parsed.GetValue(Endpoints) is { } list)
            settings.Endpoints = [.. list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)];
        settings.Prefix = parsed.GetValue(Prefix) ?? settings.Prefix;
        settings.User = parsed.GetValue(User) ?? settings.User;
        settings.PasswordFile = parsed.GetValue(PasswordFile) ?? settings.PasswordFile;
        settings.Authority = parsed.GetValue(Authority) ?? settings.Authority;
        settings.Certificate = parsed.GetValue(Certificate) ?? settings.Certificate;
        settings.Key = parsed.GetValue(Key) ?? settings.Key;
        settings.LeaseSeconds = parsed.GetValue(Lease) ?? settings.LeaseSeconds;
    }

    /// <summary>What was given, for a child process in the same directory.</summary>
    internal static IEnumerable<string> Repeat(ParseResult parsed)
    {
        foreach (var option in All)
            if (parsed.GetResult(option) is { Tokens: [var token, ..] }) yield return $"{option.Name}={token.Value}";
    }

    /// <exception cref="RpcConfigurationException">A setting that cannot be used.</exception>
    internal static EtcdEngine Make(ControlPlaneOptions options)
    {
        var given = options.Etcd;
        if (options.MaxEntryBytes + LargestCommandBytes > given.MaxRequestBytes)
            throw new RpcConfigurationException($"ControlPlane:MaxEntryBytes is {options.MaxEntryBytes}; with the engine etcd it may be "
                + $"{given.MaxRequestBytes - LargestCommandBytes} at most, by ControlPlane:Etcd:MaxRequestBytes {given.MaxRequestBytes}");
        return new EtcdEngine(new EtcdOptions
        {
            Endpoints = given.Endpoints,
            Prefix = given.Prefix,
            User = given.User,
            Password = PasswordOf(given),
            CaPath = given.Authority,
            CertPath = given.Certificate,
            KeyPath = given.Key,
            LeaseSeconds = given.LeaseSeconds,
            MaxTxnOps = given.MaxTxnOperations,
            MaxRequestBytes = given.MaxRequestBytes,
            CompactsHistory = given.CompactsHistory,
        });
    }

    private static string PasswordOf(EtcdSettings given)
    {
        if (given.PasswordFile.Length == 0) return given.Password;
        if (given.Password.Length > 0)
            throw new RpcConfigurationException("ControlPlane:Etcd has a Password and a PasswordFile: leave one out");
        try { return File.ReadAllText(given.PasswordFile).TrimEnd('\r', '\n'); }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new RpcConfigurationException($"ControlPlane:Etcd:PasswordFile {given.PasswordFile} cannot be read: {e.Message}", e);
        }
    }
}
