using System.CommandLine;
using VideoScale.Cli.CommandLine;

namespace VideoScale.Cli.Processes;

/// <summary>What a supervisor asks of its children: write to a log file, and stop when the supervisor is gone.</summary>
internal static class ChildMode
{
    internal const string LogFlag = "--log";
    internal const string StopFlag = "--stop-with-stdin";

    internal static Option<string?> Log { get; } = new(LogFlag)
    {
        Description = "Append all output to this file instead.",
        HelpName = "FILE",
    };
    internal static Option<bool> StopWithStdin { get; } =
        new(StopFlag) { Description = "Stop when standard input closes, and leave Ctrl-C to the parent: for supervisors." };

    internal static void AddTo(Command command)
    {
        command.Options.Add(Log);
        command.Options.Add(StopWithStdin);
    }

    internal static void Enter(ParseResult parsed, StopSignals signals)
    {
        if (parsed.GetValue(Log) is { } path) RedirectOutput(path);
        signals.IgnoreHangup = true;
        if (!parsed.GetValue(StopWithStdin)) return;
        signals.IgnoreInterrupt = true;
        // The pipe closes when the parent ends, also by kill -9: then nobody is left to look after this process.
        new Thread(() =>
        {
            using var input = Console.OpenStandardInput();
            Span<byte> ignored = stackalloc byte[64];
            while (input.Read(ignored) > 0) { }
            signals.Stop();
        })
        { IsBackground = true, Name = "stdin watch" }.Start();
    }

    internal static void RedirectOutput(string path) => Redirect(path, Libc.StandardOutput, Libc.StandardError);

    /// <summary>At the descriptor, so that what the runtime itself prints when it dies is kept too.</summary>
    internal static void Redirect(string path, params ReadOnlySpan<int> descriptors)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        using var file = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite);
        foreach (var descriptor in descriptors)
            if (Libc.Dup2((int)file.SafeFileHandle.DangerousGetHandle(), descriptor) < 0)
                throw new CliException($"output cannot be sent to {path}");
    }
}
