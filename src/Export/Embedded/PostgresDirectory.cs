using System.Diagnostics;
using System.Globalization;

namespace VideoScale.Export.Embedded;

/// <summary>Where a PostgreSQL of one's own keeps its files, and how its programs are run: never as root, which they refuse.</summary>
internal sealed class PostgresDirectory
{
    private const string PackageRoot = "/usr/lib/postgresql";
    private const string SystemUser = "postgres";
    private readonly string _programs;

    private PostgresDirectory(string path, string programs)
    {
        Path = path;
        _programs = programs;
    }

    internal string Path { get; }
    internal string DataPath => System.IO.Path.Combine(Path, "data");
    internal string LogPath => System.IO.Path.Combine(Path, "postgres.log");

    internal string Program(string name) => System.IO.Path.Combine(_programs, name);

    internal static PostgresDirectory Prepare(string path, bool durable)
    {
        var programs = FindPrograms() ?? throw new PostgresServerException(
            $"PostgreSQL is not installed here (looked in {PackageRoot}/*/bin and PATH): apt-get install postgresql, or name one that runs "
            + "with --postgres URL");
        var directory = new PostgresDirectory(System.IO.Path.GetFullPath(path), programs);
        Directory.CreateDirectory(directory.Path);
        if (Environment.IsPrivilegedProcess) directory.GiveToSystemUser();
        if (!File.Exists(System.IO.Path.Combine(directory.DataPath, "PG_VERSION"))) directory.Initialize(durable);
        return directory;
    }

    /// <summary>As the user that PostgreSQL is to run as.</summary>
    internal static ProcessStartInfo Command(params ReadOnlySpan<string> command)
    {
        string[] prefix = Environment.IsPrivilegedProcess
            ? ["setpriv", $"--reuid={SystemUser}", $"--regid={SystemUser}", "--init-groups"] : [];
        string[] all = [.. prefix, .. command];
        var start = new ProcessStartInfo(all[0]) { WorkingDirectory = "/", UseShellExecute = false };
        foreach (var argument in all.Skip(1)) start.ArgumentList.Add(argument);
        return start;
    }

    /// <returns>Its exit code, and what it said.</returns>
    internal static (int ExitCode, string Said) Run(ProcessStartInfo start)
    {
        start.RedirectStandardOutput = start.RedirectStandardError = true;
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + errors.Result);
    }

    internal string LastWords()
    {
        try { return File.ReadLines(LogPath).LastOrDefault(line => line.Length > 0) ?? "it said nothing"; }
        catch (IOException e) { return e.Message; }
    }

    private static string? FindPrograms()
    {
        var versions = Directory.Exists(PackageRoot) ? Directory.GetDirectories(PackageRoot) : [];
        var packaged = versions.OrderByDescending(version => double.TryParse(System.IO.Path.GetFileName(version),
            CultureInfo.InvariantCulture, out var number) ? number : 0).Select(version => System.IO.Path.Combine(version, "bin"));
        var elsewhere = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':');
        return packaged.Concat(elsewhere).FirstOrDefault(directory =>
            File.Exists(System.IO.Path.Combine(directory, "initdb")) && File.Exists(System.IO.Path.Combine(directory, "postgres")));
    }

    private void Initialize(bool durable)
    {
        string[] arguments = ["-D", DataPath, "-U", PostgresServer.Owner, "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8"];
        var (exitCode, said) = Run(Command([Program("initdb"), .. arguments, .. durable ? Array.Empty<string>() : ["--no-sync"]]));
        if (exitCode != 0) throw new PostgresServerException($"initdb failed in {DataPath}: {said.Trim().ReplaceLineEndings(" ")}");
    }

    private void GiveToSystemUser()
    {
        var (exitCode, said) = Run(new ProcessStartInfo("chown") { ArgumentList = { "-R", $"{SystemUser}:{SystemUser}", Path } });
        if (exitCode != 0) throw new PostgresServerException($"{Path} cannot be given to the user {SystemUser}: {said.Trim()}");
        if (Run(Command("test", "-w", Path)).ExitCode != 0)
            throw new PostgresServerException(
                $"PostgreSQL refuses to run as root, and its user {SystemUser} cannot reach {Path}: choose a --data directory that "
                    + $"others may "
                + "enter, or start as another user");
    }
}
