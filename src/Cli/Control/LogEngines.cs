using VideoScale.Consensus;
using VideoScale.Consensus.Apply.Directories;
using VideoScale.Consensus.DotNext;
using VideoScale.Consensus.Engine;
using VideoScale.Consensus.Etcd;
using VideoScale.ControlPlane.Host.Options;
using VideoScale.Rpc;

namespace VideoScale.Cli.Control;

/// <summary>The engines that can keep the replicated log, by the names that <c>--engine</c> takes. Another one is a line here.</summary>
internal static class LogEngines
{
    private static readonly (string Name, Func<ControlPlaneOptions, TlsMaterial?, ILogEngine> Make)[] All =
    [
        (RaftEngine.EngineName, static (_, tls) => new RaftEngine(tls)),
        (DotNextEngine.EngineName, static (_, tls) => new DotNextEngine(tls)),
        (EtcdEngine.EngineName, static (options, _) => EtcdFlags.Make(options)),
    ];

    /// <summary>
    /// Loses acknowledged writes, so that nobody is to have it by mistake: not among the names that help and refusals show.
    /// </summary>
    private const string PlainAllowed = "VIDEOSCALE_UNSAFE_ENGINE";

    internal static string Names { get; } = string.Join(" | ", All.Select(engine => engine.Name));

    /// <summary>The engine of a replica, made once its directory and its certificates are known.</summary>
    internal static Func<TlsMaterial?, ILogEngine> Of(ControlPlaneOptions options) => tls => Make(options, tls);

    /// <summary>What was asked for; else what keeps the log of the first of these directories that holds one; else ours.</summary>
    /// <exception cref="StartupException">There is no such engine, or a directory's identity is damaged.</exception>
    internal static string Choose(string? wanted, params IEnumerable<string> directories)
    {
        var name = string.IsNullOrEmpty(wanted) ? directories.Select(EngineOf).FirstOrDefault(kept => kept is not null) : wanted;
        name ??= RaftEngine.EngineName;
        if (name == DotNextEngine.PlainName)
            return Environment.GetEnvironmentVariable(PlainAllowed) == "1" ? name
                : throw new StartupException(ExitCode.BadConfiguration,
                    $"Engine: \"{name}\" loses acknowledged writes; it is there to be compared with. {PlainAllowed}=1 allows it, for "
                        + $"tests and benches");
        return All.Any(engine => engine.Name == name) ? name
            : throw new StartupException(ExitCode.BadConfiguration, $"Engine: \"{name}\" is not one of {Names}");
    }

    internal static ILogEngine Make(ControlPlaneOptions options, TlsMaterial? tls)
    {
        var name = Choose(options.Engine, options.DataDirectory);
        if (name == DotNextEngine.PlainName) return new DotNextEngine(tls, asShipped: true);
        return All.First(engine => engine.Name == name).Make(options, tls);
    }

    private static string? EngineOf(string directory)
    {
        try { return DataDirectory.EngineOf(directory); }
        catch (DataDirectoryException e) { throw new StartupException(ExitCode.DataDirectory, e.Message, e); }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StartupException(ExitCode.DataDirectory, $"{directory} cannot be used: {e.Message}", e);
        }
    }
}
