using System.ComponentModel;
using System.Reflection;
using VideoScale.Simulation.Seams;

namespace VideoScale.Simulation.Running;

/// <summary>What can be planted and what must be reached.</summary>
internal static class ListCommand
{
    public static string Words<T>(T value) where T : struct, Enum =>
        typeof(T).GetField(value.ToString())!.GetCustomAttribute<DescriptionAttribute>()?.Description ?? "";

    public static int Run()
    {
        Console.WriteLine("planted bugs:");
        foreach (var bug in Enum.GetValues<Bug>().Where(bug => bug != Bug.None)) Console.WriteLine($"  {bug,-32} {Words(bug)}");
        Console.WriteLine("coverage marks:");
        foreach (var mark in Enum.GetValues<Mark>()) Console.WriteLine($"  {mark,-32} {Words(mark)}");
        return ExitCode.Valid;
    }
}
