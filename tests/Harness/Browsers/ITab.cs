namespace VideoScale.Harness.Browsers;

/// <summary>One tab of a browser of its own, whichever browser that is.</summary>
public interface ITab : IAsyncDisposable
{
    /// <summary>What the page wrote on its console, oldest first.</summary>
    IReadOnlyList<string> Console { get; }

    Task GoToAsync(string url);

    /// <summary>Evaluates an expression, or calls the function it is with the argument, and waits for what it promises.</summary>
    /// <exception cref="ScriptException">The page threw.</exception>
    Task<T> EvaluateAsync<T>(string script, object? argument = null);
}

/// <summary>The page threw, or its promise was rejected.</summary>
public sealed class ScriptException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>The browsers that calls are tried with.</summary>
public enum BrowserKind { Chromium, Firefox }
