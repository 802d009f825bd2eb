using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using VideoScale.Platform;

namespace VideoScale.ControlPlane.Host.Subscriptions;

/// <summary>Up to which event a subscriber has handled everything; on disk for one that is durable. Never goes back but by
/// <see cref="StandAt"/>. Any thread.</summary>
internal sealed class SubscriberPosition
{
    private const int Format = 1;
    private readonly Lock _gate = new();
    private readonly string? _path;
    private ulong _seq;
    private ulong _onDisk;

    /// <param name="directory">Where the file lies; null: it is kept in memory alone.</param>
    /// <exception cref="InvalidDataException">The file is damaged.</exception>
    internal SubscriberPosition(string? directory, string name)
    {
        if (directory is null) return;
        Directory.CreateDirectory(directory);
        _path = Path.Combine(directory, $"{name}.json");
        if (!File.Exists(_path)) return;
        try
        {
            var file = JsonSerializer.Deserialize(File.ReadAllBytes(_path), PositionJson.Default.PositionFile)
                ?? throw new JsonException("the file holds null");
            if (file.Format != Format)
                throw new JsonException(
                    $"format {file.Format.ToString(CultureInfo.InvariantCulture)}, this program knows "
                    + $"{Format.ToString(CultureInfo.InvariantCulture)}");
            _seq = _onDisk = file.EventSeq;
            IsKnown = true;
        }
        catch (JsonException e)
        {
            throw new InvalidDataException(
                $"{_path} is damaged ({e.Message}): write the last event that was handled into it, or remove it, and the subscriber "
                + $"begins as a new one", e);
        }
    }

    /// <summary>Somebody was here before: this is no new subscriber.</summary>
    internal bool IsKnown { get; private set; }

    internal ulong Seq { get { lock (_gate) return _seq; } }

    /// <summary>Null for a new subscriber.</summary>
    internal ulong? Known { get { lock (_gate) return IsKnown ? _seq : null; } }

    internal void Advance(ulong seq)
    {
        lock (_gate)
        {
            IsKnown = true;
            if (seq > _seq) _seq = seq;
        }
    }

    /// <summary>Where whoever keeps the place says it is; the one way back.</summary>
    internal void StandAt(ulong seq)
    {
        lock (_gate) (IsKnown, _seq) = (true, seq);
    }

    /// <summary>Returns when it survives a power loss.</summary>
    internal void Save()
    {
        lock (_gate)
        {
            if (_path is null || _seq == _onDisk) return;
            DurableFile.Write(_path,
                JsonSerializer.SerializeToUtf8Bytes(new PositionFile(Format, _seq), PositionJson.Default.PositionFile));
            _onDisk = _seq;
        }
    }
}

/// <param name="EventSeq">The last event that was handled.</param>
internal sealed record PositionFile(int Format, ulong EventSeq);

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(PositionFile))]
internal sealed partial class PositionJson : JsonSerializerContext;
