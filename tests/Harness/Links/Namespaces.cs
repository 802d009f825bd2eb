using VideoScale.Harness.Processes;

namespace VideoScale.Harness.Links;

/// <summary>
/// A network of namespaces on one bridge, each node with its own address, and cuts between any two of them that are silent
/// to both ends. The harness itself must run in a network, mount and pid namespace of its own, where the bridge lives,
/// so that nothing outlives it and no packet leaves.
/// </summary>
public sealed class Namespaces
{
    private const string Bridge = "br0";
    private const string Prefix = "10.77.0.";
    public const string HarnessAddress = Prefix + "254";

    private readonly Dictionary<string, string> _addresses = [];

    private Namespaces() { }

    public static Namespaces Create(IEnumerable<string> names)
    {
        var fabric = new Namespaces();
        Directory.CreateDirectory("/run/netns");
        Shell.Run("mount", "-t", "tmpfs", "tmpfs", "/run/netns");
        Shell.Run("ip", "link", "add", Bridge, "type", "bridge");
        Shell.Run("ip", "address", "add", HarnessAddress + "/24", "dev", Bridge);
        Shell.Run("ip", "link", "set", Bridge, "up");
        foreach (var name in names) fabric.Add(name);
        Shell.Run("nft", "add table bridge chaos");
        Shell.Run("nft", "add set bridge chaos cut { type ipv4_addr . ipv4_addr; }");
        foreach (var hook in (string[])["forward", "input", "output"])
        {
            Shell.Run("nft", $"add chain bridge chaos {hook} {{ type filter hook {hook} priority 0; policy accept; }}");
            Shell.Run("nft", $"add rule bridge chaos {hook} ip saddr . ip daddr @cut counter drop");
        }
        return fabric;
    }

    public string AddressOf(string name) => _addresses[name];

    /// <summary>Words to put before a command so that it runs as that node.</summary>
    public static IReadOnlyList<string> Inside(string name) => ["ip", "netns", "exec", name];

    /// <summary>From now on nothing that <paramref name="from"/> sends reaches <paramref name="to"/>.</summary>
    public void Cut(string from, string to) => Cut([(from, to)]);

    /// <summary>As one cut: all of them from the same moment on.</summary>
    public void Cut(IReadOnlyCollection<(string From, string To)> links)
    {
        var pairs = links.Select(link => $"{_addresses[link.From]} . {_addresses[link.To]}");
        Shell.Run("nft", $"add element bridge chaos cut {{ {string.Join(", ", pairs)} }}");
    }

    /// <summary>These alone are cut from now on, all at one moment, in place of those that were.</summary>
    public void Replace(IReadOnlyCollection<(string From, string To)> links)
    {
        var pairs = string.Join(", ", links.Select(link => $"{_addresses[link.From]} . {_addresses[link.To]}"));
        Shell.Run("nft", "flush set bridge chaos cut" + (pairs.Length == 0 ? "" : $"; add element bridge chaos cut {{ {pairs} }}"));
    }

    public void Heal() => Shell.Run("nft", "flush set bridge chaos cut");

    /// <summary>Packets the cuts have swallowed: a cut that swallowed none was no fault.</summary>
    public static long Swallowed()
    {
        var total = 0L;
        var words = Shell.Run("nft", "list table bridge chaos").Split((char[])[' ', '\n', '\t'], StringSplitOptions.RemoveEmptyEntries);
        for (var i = 0; i + 1 < words.Length; i++)
            if (words[i] == "packets") total += long.Parse(words[i + 1]);
        return total;
    }

    private void Add(string name)
    {
        var number = _addresses.Count + 1;
        var address = Prefix + number;
        Shell.Run("ip", "netns", "add", name);
        Shell.Run("ip", "link", "add", "e0", "netns", name, "type", "veth", "peer", "name", $"p{number}");
        Shell.Run("ip", "link", "set", $"p{number}", "master", Bridge, "up");
        Shell.Run("ip", "-n", name, "link", "set", "lo", "up");
        Shell.Run("ip", "-n", name, "address", "add", address + "/24", "dev", "e0");
        Shell.Run("ip", "-n", name, "link", "set", "e0", "up");
        _addresses[name] = address;
    }
}
