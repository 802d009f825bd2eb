using System.CommandLine;

namespace VideoScale.Chaos.Commands;

/// <summary>Options that more than one verb takes.</summary>
public static class CommonOptions
{
    public const int Usage = 254;

    public static Option<int> Seed() => new("--seed") { Description = "draws faults and operations", DefaultValueFactory = _ => 1 };

    public static Option<DirectoryInfo> Out() =>
        new("--out") { Description = "folder for history, result and logs; a new temporary one by default" };

    public static Option<int> Busy()
    {
        var busy = new Option<int>("--busy")
        {
            Description = "hundredths of the time in which the load's clients call, all at once and without pause",
            DefaultValueFactory = _ => 100,
        };
        busy.Validators.Add(static result =>
        {
            if (result.GetValueOrDefault<int>() is < 5 or > 100) result.AddError("--busy: 5 to 100");
        });
        return busy;
    }

    public static string Folder(DirectoryInfo? asked) => asked?.FullName ?? Directory.CreateTempSubdirectory("chaos-").FullName;
}
