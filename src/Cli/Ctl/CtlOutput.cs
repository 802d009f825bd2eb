using Google.Protobuf;
using Spectre.Console;

namespace VideoScale.Cli.Ctl;

/// <summary>Tables for people, or one JSON object per line for programs.</summary>
internal sealed class CtlOutput(bool json)
{
    /// <summary>A pipe has no width: cells are never folded there.</summary>
    private const int PipeWidth = 500;

    private static readonly JsonFormatter Formatter = new(JsonFormatter.Settings.Default.WithFormatDefaultValues(true).WithPreserveProtoFieldNames(true));

    /// <summary>Something was printed or answered already.</summary>
    internal bool Wrote { get; private set; }

    /// <summary>Answers come: nobody waits for nothing.</summary>
    internal void Answered() => Wrote = true;

    internal bool IsJson => json;

    /// <summary>The message as JSON, or what <paramref name="print"/> prints.</summary>
    internal void Write(IMessage message, Action print)
    {
        Wrote = true;
        if (json) Console.WriteLine(Formatter.Format(message));
        else print();
    }

    internal void Line(string text)
    {
        Wrote = true;
        Console.WriteLine(text);
    }

    internal void Table(IReadOnlyList<string> columns, IEnumerable<IReadOnlyList<string>> rows)
    {
        Wrote = true;
        var table = new Table { Border = TableBorder.None, ShowHeaders = true };
        foreach (var column in columns) table.AddColumn(new TableColumn(new Text(column)) { NoWrap = true, Padding = new Padding(0, 0, 2, 0) });
        foreach (var row in rows) table.AddRow(row.Select(cell => new Text(cell)));
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Out), Ansi = Console.IsOutputRedirected ? AnsiSupport.No : AnsiSupport.Detect });
        if (Console.IsOutputRedirected) console.Profile.Width = PipeWidth;
        console.Write(table);
    }
}
