using System.ComponentModel;
using System.Diagnostics;

namespace VideoScale.ControlPlane.Host.Providers;

/// <summary>
/// A provider that is a program of the operator's: it gets the action as its argument and JSON on standard input, and answers JSON on
/// standard output. See docs/providers.md.
/// </summary>
public sealed class ScriptProvider(string path, string cluster) : JsonProvider(path, cluster)
{
    private const int MostShown = 200;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    protected override async Task<ProviderReply> AskAsync(ProviderRequest request, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        using var process = Start(request.Action!);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(patience.Token);
            var errors = process.StandardError.ReadToEndAsync(patience.Token);
            await process.StandardInput.BaseStream.WriteAsync(ProviderJson.Write(request), patience.Token);
            process.StandardInput.Close();
            await process.WaitForExitAsync(patience.Token);
            var answer = await output;
            if (process.ExitCode == 0 || answer.Contains("\"error\"", StringComparison.Ordinal))
                return ProviderJson.Read(System.Text.Encoding.UTF8.GetBytes(answer));
            throw new ProviderException(ProviderError.Unknown, $"exit code {process.ExitCode}: {Shown(await errors)}");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            process.Kill(entireProcessTree: true);
            throw new ProviderException(ProviderError.Unknown, $"{request.Action} did not end within {Patience.TotalSeconds} s");
        }
        catch (IOException e)
        {
            throw new ProviderException(ProviderError.Unknown, $"it does not read what it is asked: {e.Message}", inner: e);
        }
    }

    private Process Start(string action)
    {
        var start = new ProcessStartInfo(Name, [action])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        try { return Process.Start(start) ?? throw new ProviderException(ProviderError.Transient, "it did not start"); }
        catch (Win32Exception e) { throw new ProviderException(ProviderError.Denied, $"{Name} cannot be run: {e.Message}", inner: e); }
    }

    private static string Shown(string text) => text.Length <= MostShown ? text.Trim().ReplaceLineEndings(" ")
        : text[^MostShown..].Trim().ReplaceLineEndings(" ");
}
