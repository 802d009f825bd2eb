using Microsoft.Win32.SafeHandles;
using VideoScale.Cli.CommandLine;

namespace VideoScale.Cli.Processes;

/// <summary>Sends standard error to a log file while it is held; what a person must read still reaches the terminal.</summary>
internal sealed class ErrorsToLog : IDisposable
{
    private readonly int _saved;
    private readonly StreamWriter _terminal;

    internal ErrorsToLog(string path)
    {
        _saved = Libc.Dup(Libc.StandardError);
        if (_saved < 0) throw new CliException("standard error is closed: run this command with a terminal, or with 2>FILE");
        _terminal = new StreamWriter(
            new FileStream(new SafeFileHandle(_saved, ownsHandle: true), FileAccess.Write, bufferSize: 0))
        { AutoFlush = true };
        ChildMode.Redirect(path, Libc.StandardError);
        ReopenErrors();
    }

    /// <summary>To the log and to the terminal.</summary>
    internal void SayOnBoth(string line)
    {
        Console.Error.WriteLine(line);
        _terminal.WriteLine(line);
    }

    public void Dispose()
    {
        _ = Libc.Dup2(_saved, Libc.StandardError);
        ReopenErrors();
        _terminal.Dispose();
    }

    /// <summary><see cref="Console.Error"/> keeps a copy of the descriptor that it was first used with.</summary>
    private static void ReopenErrors() => Console.SetError(new StreamWriter(Console.OpenStandardError()) { AutoFlush = true });
}
