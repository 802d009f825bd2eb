namespace VideoScale.ControlPlane.Tests.Core;

/// <summary>Texts kept beside the tests; UPDATE_GOLDEN=1 writes them anew, and the change is read in review.</summary>
internal static class Golden
{
    public static void Check(string name, string text)
    {
        var path = Path.Combine(Directory(), name);
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            System.IO.Directory.CreateDirectory(Directory());
            File.WriteAllText(path, text);
            return;
        }
        Assert.True(File.Exists(path), $"{path} is missing: run once with UPDATE_GOLDEN=1 and read what it writes");
        Assert.Equal(File.ReadAllText(path), text);
    }

    private static string Directory()
    {
        var at = new DirectoryInfo(AppContext.BaseDirectory);
        while (at is not null && !File.Exists(Path.Combine(at.FullName, "VideoScale.sln"))) at = at.Parent;
        return Path.Combine(at!.FullName, "tests", "ControlPlane.Tests", "Core", "golden");
    }
}
