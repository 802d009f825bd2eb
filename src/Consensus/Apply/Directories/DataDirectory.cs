using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Win32.SafeHandles;
using VideoScale.Platform;

namespace VideoScale.Consensus.Apply.Directories;

/// <summary>A replica's directory, locked against other processes, with an identity that is made once and synced.</summary>
public sealed class DataDirectory : IDisposable
{
    public const int CurrentFormatVersion = 1;

    /// <summary>
    /// Of a directory whose identity names its engine: programs that know only ours refuse it, instead of beginning an empty log in it.
    /// </summary>
    public const int NamedEngineFormatVersion = 2;

    /// <summary>Our own engine.</summary>
    public const string NativeEngine = "native";

    private const string IdentityFile = "identity.json";
    private const string LockFile = "lock";
    private readonly SafeFileHandle _lock;
    private MoveFile? _move;

    private DataDirectory(string path, UInt128 clusterId, MemberId member, SafeFileHandle @lock, bool isNew, MoveFile? move)
    {
        _move = move;
        Path = path;
        ClusterId = clusterId;
        Member = member;
        IsNew = isNew;
        _lock = @lock;
    }

    public string Path { get; }
    public UInt128 ClusterId { get; }
    public MemberId Member { get; }

    /// <summary>This call made the directory: the member holds nothing yet.</summary>
    public bool IsNew { get; }

    /// <summary>How its log came from an earlier one; null when it began with entry 1.</summary>
    public LogMove? Move => _move?.Move;

    /// <summary>The folder of our own engine's log.</summary>
    public const string LogName = "log";

    public string LogPath => System.IO.Path.Combine(Path, LogName);

    /// <summary>Where another engine than ours keeps its log.</summary>
    public string EnginePath(string engine) => System.IO.Path.Combine(Path, engine);

    internal const string SnapshotsName = "snapshots";

    public string SnapshotPath => System.IO.Path.Combine(Path, SnapshotsName);

    /// <summary>Opens the directory, or makes it when there is nothing there.</summary>
    /// <param name="clusterId">The cluster it must belong to; null takes what the directory says, or makes a random one.</param>
    /// <param name="member">The identity a new directory gets and an old one must have; null takes what the directory says, or makes a
    /// random one.</param>
    /// <param name="engine">Who opens it. A directory in which no engine has kept anything yet is its own from then on.</param>
    /// <exception cref="DataDirectoryException">Foreign, locked, or of another format: the message says what to do.</exception>
    public static DataDirectory Open(string path, UInt128? clusterId = null, MemberId? member = null, string engine = NativeEngine)
    {
        path = System.IO.Path.GetFullPath(path);
        Directory.CreateDirectory(path);
        var identityPath = System.IO.Path.Combine(path, IdentityFile);
        if (!File.Exists(identityPath)) RefuseForeign(path);
        var held = Lock(path);
        try
        {
            var isNew = !File.Exists(identityPath);
            if (isNew) Create(path, clusterId ?? RandomId(16), member ?? new MemberId((ulong)RandomId(sizeof(ulong))));
            var move = DirectorySwap.Finish(path, keeper => SetKeeper(path, keeper));
            var identity = Read(identityPath);
            var cluster = ParseId(identity.ClusterId, 16, identityPath);
            if (clusterId is { } wanted && wanted != cluster)
                throw new DataDirectoryException(
                    $"{path} belongs to cluster {cluster:x32}, not {wanted:x32}: give this replica its own directory, or the right "
                    + $"cluster id");
            var self = new MemberId((ulong)ParseId(identity.MemberId, sizeof(ulong), identityPath));
            if (member is { } expected && expected != self)
                throw new DataDirectoryException($"{path} belongs to member {self}, not {expected}: give this replica its own directory");
            Claim(path, identity, engine);
            return new DataDirectory(path, cluster, self, held, isNew, move);
        }
        catch
        {
            Libc.Unlock(held);
            throw;
        }
    }

    /// <summary>Which engine keeps a directory's log; null while none does.</summary>
    /// <exception cref="DataDirectoryException">Its identity is damaged.</exception>
    public static string? EngineOf(string path)
    {
        var identityPath = System.IO.Path.Combine(path, IdentityFile);
        if (!File.Exists(identityPath)) return null;
        return MoveFile.Read(path) is { Finished: false } move ? move.To : EngineOf(path, Read(identityPath));
    }

    /// <summary>The member takes part in its log from now on: it cannot go back to before it. Durable when it returns.</summary>
    public void NoteRun()
    {
        if (_move is not { HasRun: false }) return;
        _move = _move with { HasRun = true };
        _move.Write(Path);
    }

    /// <summary>Makes an engine the keeper of this directory's log.</summary>
    internal void SetKeeper(string engine) => SetKeeper(Path, engine);

    private static void SetKeeper(string path, string engine)
    {
        var identity = Read(System.IO.Path.Combine(path, IdentityFile));
        WriteIdentity(path, engine == NativeEngine ? identity with { FormatVersion = CurrentFormatVersion, Engine = null }
            : identity with { FormatVersion = NamedEngineFormatVersion, Engine = engine });
    }

    public void Dispose() => Libc.Unlock(_lock);

    private static string? EngineOf(string path, DirectoryIdentity identity) =>
        identity.Engine ?? (Directory.Exists(System.IO.Path.Combine(path, LogName)) ? NativeEngine : null);

    private static void Claim(string path, DirectoryIdentity identity, string engine)
    {
        var keeper = EngineOf(path, identity);
        if (keeper == engine) return;
        if (keeper is not null)
            throw new DataDirectoryException(
                $"{path} holds a log of the engine \"{keeper}\", not of \"{engine}\": start it with --engine {keeper}, or "
                + "give this replica another directory");
        if (engine == NativeEngine) return; // its log directory says so
        SetKeeper(path, engine);
    }

    private static void RefuseForeign(string path)
    {
        // What a crash in the middle of Create leaves is ours; anything else is not, and is not touched.
        var foreign = Directory.EnumerateFileSystemEntries(path).Select(System.IO.Path.GetFileName)
            .Where(name => name is not (LockFile or IdentityFile + ".tmp")).Order(StringComparer.Ordinal).FirstOrDefault();
        if (foreign is not null)
            throw new DataDirectoryException(
                $"{path} is not a VideoScale replica's directory: it has no {IdentityFile} but holds '{foreign}'. Choose an empty "
                + $"directory, or restore {IdentityFile} from a backup");
    }

    private static SafeFileHandle Lock(string path) =>
        Libc.TryLock(System.IO.Path.Combine(path, LockFile))
            ?? throw new DataDirectoryException($"{path} is in use by another process: stop that one first, or choose another directory");

    private static void Create(string path, UInt128 clusterId, MemberId member)
    {
        WriteIdentity(path, new DirectoryIdentity(CurrentFormatVersion, clusterId.ToString("x32", CultureInfo.InvariantCulture),
            member.ToString()));
        if (System.IO.Path.GetDirectoryName(path) is { } parent) Libc.SyncDirectory(parent);
    }

    private static void WriteIdentity(string path, DirectoryIdentity identity) =>
        DurableFile.Write(System.IO.Path.Combine(path, IdentityFile),
            JsonSerializer.SerializeToUtf8Bytes(identity, DirectoryIdentityJson.Default.DirectoryIdentity));

    private static DirectoryIdentity Read(string identityPath)
    {
        DirectoryIdentity? identity;
        try { identity = JsonSerializer.Deserialize(File.ReadAllBytes(identityPath), DirectoryIdentityJson.Default.DirectoryIdentity); }
        catch (JsonException e)
        {
            throw new DataDirectoryException($"{identityPath} is damaged ({e.Message}): restore it from a backup", e);
        }
        if (identity is null or { FormatVersion: 0 })
            throw new DataDirectoryException($"{identityPath} has no format_version: restore it from a backup");
        if (identity.FormatVersion != (identity.Engine is null ? CurrentFormatVersion : NamedEngineFormatVersion))
            throw new DataDirectoryException(
                $"{identityPath} has format {identity.FormatVersion}, this program knows {CurrentFormatVersion} and, with an engine's "
                    + $"name, {NamedEngineFormatVersion}: run the version of "
                + $"VideoScale that wrote it");
        return identity;
    }

    private static UInt128 ParseId(string? text, int maxBytes, string identityPath) =>
        text?.Length <= 2 * maxBytes && UInt128.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var id)
            && id != 0
            ? id
            : throw new DataDirectoryException(
                $"{identityPath} names the id '{text}', which is not 1 to {2 * maxBytes} hexadecimal digits above 0: restore it from a "
                + $"backup");

    private static UInt128 RandomId(int bytes)
    {
        Span<byte> random = stackalloc byte[16];
        do
        {
            random.Clear();
            RandomNumberGenerator.Fill(random[..bytes]);
        } while (random.IndexOfAnyExcept((byte)0) < 0);
        return BinaryPrimitives.ReadUInt128LittleEndian(random);
    }
}
