using System.Reflection;
using System.Text.Json;
using Microsoft.Extensions.Configuration;
using VideoScale.ControlPlane.Host.Options;
using VideoScale.Harness;
using VideoScale.MediaNode.Host.Options;

namespace VideoScale.Architecture.Tests;

/// <summary>appsettings.sample.json shows every setting, and only settings that exist.</summary>
public sealed class SampleSettingsTests
{
    private static readonly string Sample = Repository.Path("appsettings.sample.json");

    [Theory]
    [InlineData(ControlPlaneOptions.Section, typeof(ControlPlaneOptions))]
    [InlineData(MediaNodeOptions.Section, typeof(MediaNodeOptions))]
    public void The_sample_binds_and_shows_every_setting(string section, Type options)
    {
        var configured = new ConfigurationBuilder().AddJsonFile(Sample).Build().GetSection(section);
        Assert.NotNull(configured.Get(options, binder => binder.ErrorOnUnknownConfiguration = true));
        using var json = JsonDocument.Parse(File.ReadAllText(Sample),
            new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip });
        Same(section, options, json.RootElement.GetProperty(section));
    }

    private static void Same(string path, Type options, JsonElement shown)
    {
        var settings = options.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.CanWrite).ToList();
        Assert.Equal(settings.Select(p => $"{path}:{p.Name}").Order(StringComparer.Ordinal),
            shown.EnumerateObject().Select(p => $"{path}:{p.Name}").Order(StringComparer.Ordinal));
        foreach (var nested in settings.Where(p => p.PropertyType.IsClass
            && p.PropertyType.Namespace!.StartsWith(nameof(VideoScale), StringComparison.Ordinal)))
            Same($"{path}:{nested.Name}", nested.PropertyType, shown.GetProperty(nested.Name));
    }
}
