using Microsoft.Extensions.Configuration;

namespace VideoScale.Cli.CommandLine;

/// <summary>Options of a process: appsettings.json in the current directory, then VIDEOSCALE__Section__Name, then flags.</summary>
internal static class Settings
{
    private const string Prefix = "VIDEOSCALE__";

    internal static T Read<T>(string section, string? file) where T : class, new()
    {
        var path = Path.GetFullPath(file ?? "appsettings.json");
        if (file is not null && !File.Exists(path)) throw new CliException($"--config: {path} does not exist");
        var options = new T();
        try
        {
            var configuration = new ConfigurationBuilder().AddJsonFile(path, optional: true).AddEnvironmentVariables(Prefix).Build();
            configuration.GetSection(section).Bind(options, binder => binder.ErrorOnUnknownConfiguration = true);
        }
        catch (InvalidDataException e) { throw new CliException($"{path} is not JSON: {e.InnerException?.Message ?? e.Message}", e); }
        catch (InvalidOperationException e)
        {
            throw new CliException($"configuration of {section}: {e.InnerException?.Message ?? e.Message}", e);
        }
        return options;
    }
}
