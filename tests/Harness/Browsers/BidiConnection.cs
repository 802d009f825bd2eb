using System.Buffers;
using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace VideoScale.Harness.Browsers;

/// <summary>WebDriver BiDi (W3C) over its WebSocket: commands, their results, and events.</summary>
public sealed class BidiConnection : IAsyncDisposable
{
    private static readonly TimeSpan CommandTime = TimeSpan.FromSeconds(90);

    private readonly ClientWebSocket _socket = new();
    private readonly SemaphoreSlim _sending = new(1, 1);
    private readonly ConcurrentDictionary<int, TaskCompletionSource<JsonElement>> _waiting = new();
    private readonly Action<string, JsonElement> _happened;
    private Task _reading = Task.CompletedTask;
    private int _lastId;

    private BidiConnection(Action<string, JsonElement> happened) => _happened = happened;

    /// <param name="happened">Gets each event's method and parameters.</param>
    public static async Task<BidiConnection> OpenAsync(Uri url, Action<string, JsonElement> happened)
    {
        var connection = new BidiConnection(happened);
        try
        {
            await connection._socket.ConnectAsync(url, CancellationToken.None);
            connection._reading = connection.ReadAsync();
            await connection.SendAsync("session.new", new JsonObject { ["capabilities"] = new JsonObject() });
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <exception cref="ScriptException">The browser refuses the command.</exception>
    public async Task<JsonElement> SendAsync(string method, JsonObject parameters)
    {
        var id = Interlocked.Increment(ref _lastId);
        var answer = new TaskCompletionSource<JsonElement>(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting[id] = answer;
        var text = JsonSerializer.SerializeToUtf8Bytes(new JsonObject { ["id"] = id, ["method"] = method, ["params"] = parameters });
        await _sending.WaitAsync();
        try { await _socket.SendAsync(text, WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None); }
        finally { _sending.Release(); }
        try { return await answer.Task.WaitAsync(CommandTime); }
        finally { _waiting.TryRemove(id, out _); }
    }

    private async Task ReadAsync()
    {
        Exception end = new IOException("the browser closed its connection");
        var received = new ArrayBufferWriter<byte>(64 * 1024);
        try
        {
            while (true)
            {
                received.ResetWrittenCount();
                ValueWebSocketReceiveResult part;
                do
                {
                    part = await _socket.ReceiveAsync(received.GetMemory(16 * 1024), CancellationToken.None);
                    received.Advance(part.Count);
                }
                while (!part.EndOfMessage);
                if (part.MessageType == WebSocketMessageType.Close) break;
                Take(JsonSerializer.Deserialize<JsonElement>(received.WrittenSpan));
            }
        }
        // it was aborted, or Firefox is gone
        catch (Exception e) when (e is WebSocketException or ObjectDisposedException or OperationCanceledException) { end = e; }
        foreach (var waiting in _waiting.Values) waiting.TrySetException(new ScriptException($"the browser has gone: {end.Message}", end));
    }

    private void Take(JsonElement message)
    {
        if (message.GetProperty("type").GetString() == "event")
        {
            _happened(message.GetProperty("method").GetString()!, message.GetProperty("params"));
            return;
        }
        if (!message.TryGetProperty("id", out var id) || id.ValueKind != JsonValueKind.Number
            || !_waiting.TryGetValue(id.GetInt32(), out var waiting)) return;
        if (message.TryGetProperty("result", out var result)) waiting.TrySetResult(result);
        else waiting.TrySetException(new ScriptException(message.GetRawText()));
    }

    public async ValueTask DisposeAsync()
    {
        _socket.Abort();
        await _reading;
        _socket.Dispose();
        _sending.Dispose();
    }
}
