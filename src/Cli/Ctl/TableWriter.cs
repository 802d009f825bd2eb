namespace VideoScale.Cli.Ctl;

/// <summary>
/// Writes a table as its rows come, however many: columns are as wide as the first rows need and grow when a later cell is wider. Cells are
/// never folded, so that a pipe gets one line for each row.
/// </summary>
internal sealed class TableWriter(IReadOnlyList<string> columns, TextWriter output) : IDisposable
{
    private const int RowsMeasured = 1_000;
    private const string Gap = "  ";
    private readonly int[] _widths = [.. columns.Select(column => column.Length)];
    private readonly List<IReadOnlyList<string>> _waiting = [];
    private bool _began;

    internal void Add(IReadOnlyList<string> row)
    {
        for (var i = 0; i < _widths.Length; i++) _widths[i] = Math.Max(_widths[i], row[i].Length);
        if (_began)
        {
            Write(row);
            return;
        }
        _waiting.Add(row);
        if (_waiting.Count == RowsMeasured) Begin();
    }

    public void Dispose()
    {
        Begin();
        output.Dispose();
    }

    private void Begin()
    {
        if (_began) return;
        _began = true;
        Write(columns);
        foreach (var row in _waiting) Write(row);
        _waiting.Clear();
    }

    private void Write(IReadOnlyList<string> row)
    {
        for (var i = 0; i < _widths.Length; i++)
        {
            if (i == _widths.Length - 1)
            {
                output.WriteLine(row[i]);
                return;
            }
            output.Write(row[i]);
            for (var space = row[i].Length; space < _widths[i]; space++) output.Write(' ');
            output.Write(Gap);
        }
    }
}
