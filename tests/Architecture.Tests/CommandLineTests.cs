using System.CommandLine;
using System.Text.RegularExpressions;
using VideoScale.Cli;
using VideoScale.Harness;

namespace VideoScale.Architecture.Tests;

/// <summary>The page of the command line is about the command line that there is.</summary>
public sealed partial class CommandLineTests
{
    private static readonly string Page = File.ReadAllText(Repository.Path("docs", "cli.md"));
    private static readonly Command Tree = VideoScaleCommand.Create(null!); // nothing is run

    [Fact]
    public void Every_verb_has_its_synopsis_and_every_synopsis_its_verb() =>
        Assert.Equal(Verbs(Tree, "").Order(StringComparer.Ordinal), Synopses().Order(StringComparer.Ordinal));

    [Fact]
    public void Every_option_is_on_the_page()
    {
        var options = Commands(Tree).SelectMany(command => command.Options).Where(option => !option.Hidden).Select(option => option.Name);
        var missing = options.Except(["--help", "--version"], StringComparer.Ordinal)
            .Where(option => !Regex.IsMatch(Page, Regex.Escape(option) + "(?![a-z-])")).ToArray();
        Assert.True(missing.Length == 0, string.Join(' ', missing));
    }

    private static IEnumerable<Command> Commands(Command command) => command.Subcommands.SelectMany(Commands).Prepend(command);

    /// <summary>What can be run: paths such as "ctl room create".</summary>
    private static IEnumerable<string> Verbs(Command command, string path) =>
        command.Subcommands.Where(sub => sub is { Hidden: false, Name: not "help" }).SelectMany(sub =>
    {
        var itself = path.Length == 0 ? sub.Name : $"{path} {sub.Name}";
        return sub.Action is null ? Verbs(sub, itself) : Verbs(sub, itself).Prepend(itself);
    });

    /// <summary>
    /// From the blocks of code: lines that begin with a verb. After a bar, or three spaces, comes the next; it repeats what stands before
    /// its last word, or leaves it out.
    /// </summary>
    private static IEnumerable<string> Synopses()
    {
        var roots = Tree.Subcommands.Select(root => root.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var line in CodeBlock().Matches(Page).SelectMany(block => block.Groups[1].Value.Split('\n')))
        {
            if (!roots.Contains(line.Split(' ')[0])) continue;
            string[] before = [];
            foreach (var synopsis in Separator().Split(line))
            {
                var words = synopsis.Split(' ').TakeWhile(word => Word().IsMatch(word)).ToArray();
                if (words.Length == 0) continue; // an option that may be another
                if (roots.Contains(words[0])) before = words[..^1];
                else words = [.. before, .. words];
                foreach (var verb in words[^1].Split('|')) yield return string.Join(' ', [.. words[..^1], verb]);
            }
        }
    }

    [GeneratedRegex("```\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex CodeBlock();

    [GeneratedRegex(@" \| |   +")]
    private static partial Regex Separator();

    [GeneratedRegex(@"^[a-z][a-z-]*(\|[a-z-]+)*$")]
    private static partial Regex Word();
}
