using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using VideoScale.Consensus.Core;
using VideoScale.Platform;

namespace VideoScale.Consensus.Engine.Storage;

/// <summary>
/// starts.json: how often this directory was started, and the latest start that was heard of each other member. A directory that was set
/// back to an older copy, or is a copy, starts with a number that others have heard from another process already.
/// </summary>
/// <remarks>
/// A file that is gone or damaged begins at nothing: then the others recognise this replica as set back, and it is repaired.
/// </remarks>
public sealed class MemberStarts
{
    private const string Name = "starts.json";
    private readonly Lock _gate = new();
    private readonly string _path;
    private readonly SortedDictionary<string, HeardStart> _heard;
    private ulong _start;

    private MemberStarts(string path, ulong start, IReadOnlyDictionary<string, HeardStart> heard)
    {
        _path = path;
        _start = start;
        _heard = new SortedDictionary<string, HeardStart>(heard.ToDictionary(), StringComparer.Ordinal);
        Run = RandomNumbers.NonZero();
    }

    /// <summary>Of this process alone.</summary>
    internal ulong Run { get; }

    internal ulong Start { get { lock (_gate) return _start; } }

    /// <summary>Counts this start. Returns when that is durable.</summary>
    public static MemberStarts Begin(string directory)
    {
        var path = Path.Combine(directory, Name);
        StartsFile? file = null;
        try
        {
            if (File.Exists(path)) file = JsonSerializer.Deserialize(File.ReadAllBytes(path), StartsJson.Default.StartsFile);
        }
        catch (JsonException) { }
        var starts = new MemberStarts(path, (file?.Start ?? 0) + 1, file?.Heard ?? ImmutableDictionary<string, HeardStart>.Empty);
        starts.Write(starts._start);
        return starts;
    }

    /// <summary>From now on this process counts as later than that start. Returns when that is durable.</summary>
    /// <exception cref="IOException">It is not, and counts as before.</exception>
    internal void RaiseAbove(ulong start)
    {
        lock (_gate)
        {
            if (_start > start) return;
            Write(start + 1);
            _start = start + 1;
        }
    }

    /// <summary>Remembers a process of a member, unless another one with the same or a later start was heard before.</summary>
    /// <returns>The start that was heard before, or null when this one is remembered, durably.</returns>
    /// <exception cref="IOException">A process that was not heard before cannot be remembered: without that its directory could be set back
    /// unnoticed.</exception>
    internal ulong? Meet(MemberId member, ulong run, ulong start)
    {
        var (key, now) = (Text(member.Value), new HeardStart(start, Text(run)));
        lock (_gate)
        {
            if (_heard.TryGetValue(key, out var before))
            {
                if (before.Run == now.Run && before.Start >= start) return null;
                if (before.Run != now.Run && before.Start >= start) return before.Start;
            }
            _heard[key] = now;
            try { Write(_start); }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // A process that is remembered with an earlier start only counted up: a full disk here does not cut it off.
                if (before?.Run == now.Run) _heard[key] = before;
                else
                {
                    Forget(key, before);
                    throw new IOException(
                        $"member {member} was started anew, and that cannot be remembered here: {e.Message}. It is not admitted before "
                        + $"it is: free the disk", e);
                }
            }
            return null;
        }
    }

    private void Forget(string key, HeardStart? before)
    {
        if (before is null) _heard.Remove(key);
        else _heard[key] = before;
    }

    private void Write(ulong start) =>
        DurableFile.Write(_path, JsonSerializer.SerializeToUtf8Bytes(new StartsFile(1, start, _heard), StartsJson.Default.StartsFile));

    private static string Text(ulong number) => number.ToString("x", CultureInfo.InvariantCulture);
}

/// <param name="Run">Which process it was, hexadecimal.</param>
internal sealed record HeardStart(ulong Start, string Run);

/// <param name="Heard">By member, hexadecimal.</param>
internal sealed record StartsFile(int FormatVersion, ulong Start, IReadOnlyDictionary<string, HeardStart> Heard);

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(StartsFile))]
internal sealed partial class StartsJson : JsonSerializerContext;
