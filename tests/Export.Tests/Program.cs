using System.Globalization;
using VideoScale.Export.Tests.Processes;

namespace VideoScale.Export.Tests;

/// <summary>
/// Exporters that a test kills are processes of their own, of this very program. <c>kills N</c> kills so many at each step.
/// </summary>
internal static class Program
{
    private static async Task<int> Main(string[] args)
    {
        switch (args)
        {
            case ["child", var url, var log, var step, var term, var until]:
                return await ChildExporter.RunAsync(url, log, step, ulong.Parse(term, CultureInfo.InvariantCulture),
                    ulong.Parse(until, CultureInfo.InvariantCulture));
            case ["kills", var rounds]:
                await KillCampaign.RunAsync(int.Parse(rounds, CultureInfo.InvariantCulture), Console.WriteLine);
                return 0;
            default:
                Console.Error.WriteLine("usage: kills ROUNDS (at each of the six steps of a batch)");
                return 2;
        }
    }
}
