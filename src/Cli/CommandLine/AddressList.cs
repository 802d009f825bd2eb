using VideoScale.MediaNode.Host.Startup;

namespace VideoScale.Cli.CommandLine;

/// <summary>host:port,host:port,… where a bare port repeats the host before it: 127.0.0.1:7980,7981,7982.</summary>
internal static class AddressList
{
    internal static IReadOnlyList<string> Parse(string list)
    {
        var addresses = new List<string>();
        foreach (var part in list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var address = addresses.Count > 0 && part.All(char.IsAsciiDigit) ? addresses[^1][..(addresses[^1].LastIndexOf(':') + 1)] + part : part;
            if (!MediaNodeOptionsCheck.IsHostAndPort(address)) throw new CliException($"\"{part}\" is not host:port with a port of 1 to 65535");
            addresses.Add(address);
        }
        return addresses.Count > 0 ? addresses : throw new CliException("no address is given: name at least one host:port");
    }
}
