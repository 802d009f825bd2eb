using Google.Protobuf;

namespace VideoScale.Cli.Ctl;

/// <summary>Tables for people, or one JSON object per line for programs.</summary>
internal sealed class CtlOutput(bool json)
{
    private static readonly JsonFormatter Formatter = new(JsonFormatter.Settings.Default.WithFormatDefaultValues(true)
        .WithPreserveProtoFieldNames(true));

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
        using var table = Table(columns);
        foreach (var row in rows) table.Add(row);
    }

    /// <summary>For rows that come page by page: dispose of it at the end.</summary>
    internal TableWriter Table(IReadOnlyList<string> columns)
    {
        Wrote = true;
        return new TableWriter(columns, new StreamWriter(Console.OpenStandardOutput(), bufferSize: 1 << 16));
    }
}
