using System.Collections.Immutable;
using System.Security.Cryptography;
using VideoScale.ControlPlane.Keys;
using VideoScale.Rpc;

namespace VideoScale.ControlPlane.Host.Keys;

/// <summary>
/// What secrets are sealed with before they are in the log: keys in a file that every replica has and the log has not. The first one seals,
/// all of them open.
/// </summary>
/// <remarks>
/// Sealed: version (1 byte), which key (4 bytes of its SHA-256), nonce (12), ciphertext, tag (16); AES-256-GCM, bound to the cluster and to
/// the name the secret belongs to, so that it is no other key's secret.
/// </remarks>
public sealed class SealKeys
{
    public const int KeyBytes = 32;
    private const byte Version = 1;
    private const int IdBytes = 4, NonceBytes = 12, TagBytes = 16, HeadBytes = 1 + IdBytes + NonceBytes;

    private readonly ImmutableArray<(byte[] Id, byte[] Key)> _keys;

    private SealKeys(IEnumerable<byte[]> keys) => _keys = [.. keys.Select(static key => (SHA256.HashData(key)[..IdBytes], key))];

    public static readonly SealKeys None = new([]);

    /// <summary>Is there anything to seal with?</summary>
    public bool IsEmpty => _keys.IsEmpty;

    /// <param name="text">A key a line, 32 bytes each in base64.</param>
    /// <exception cref="FormatException">It is not that; the message says which line.</exception>
    public static SealKeys Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var keys = new List<byte[]>();
        foreach (var (line, number) in text.Split('\n').Select(static (line, at) => (line.Trim(), at + 1)))
        {
            if (line.Length == 0) continue;
            var key = new byte[KeyBytes];
            if (!Convert.TryFromBase64String(line, key, out var read) || read != KeyBytes)
                throw new FormatException($"line {number} is not {KeyBytes} bytes in base64");
            keys.Add(key);
        }
        return keys.Count > 0 ? new SealKeys(keys) : throw new FormatException("it holds no key");
    }

    /// <param name="path">Empty: there is nothing to seal with.</param>
    /// <exception cref="StartupException">It cannot be read.</exception>
    internal static SealKeys Read(string path)
    {
        if (path.Length == 0) return None;
        try { return Parse(File.ReadAllText(path)); }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            throw new StartupException(ExitCode.BadConfiguration, $"seal keys {path} cannot be read: {e.Message}", e);
        }
    }

    /// <param name="belongsTo">The cluster and the name.</param>
    public SealedSecret Seal(string secret, string belongsTo)
    {
        if (IsEmpty) throw new InvalidOperationException("there is nothing to seal with");
        var (id, key) = _keys[0];
        var plain = System.Text.Encoding.UTF8.GetBytes(secret);
        var whole = new byte[HeadBytes + plain.Length + TagBytes];
        whole[0] = Version;
        id.CopyTo(whole, 1);
        RandomNumberGenerator.Fill(whole.AsSpan(1 + IdBytes, NonceBytes));
        using var aes = new AesGcm(key, TagBytes);
        aes.Encrypt(whole.AsSpan(1 + IdBytes, NonceBytes), plain, whole.AsSpan(HeadBytes, plain.Length),
            whole.AsSpan(HeadBytes + plain.Length), System.Text.Encoding.UTF8.GetBytes(belongsTo));
        return new SealedSecret([.. whole]);
    }

    /// <returns>The secret, or why it cannot be opened.</returns>
    public (string? Secret, string Problem) Open(SealedSecret secret, string belongsTo)
    {
        var whole = secret.Bytes.AsSpan();
        if (whole.Length < HeadBytes + TagBytes || whole[0] != Version) return (null, "its secret was sealed by a newer version");
        foreach (var (id, key) in _keys)
        {
            if (!whole.Slice(1, IdBytes).SequenceEqual(id)) continue;
            var plain = new byte[whole.Length - HeadBytes - TagBytes];
            using var aes = new AesGcm(key, TagBytes);
            try
            {
                aes.Decrypt(whole.Slice(1 + IdBytes, NonceBytes), whole[HeadBytes..^TagBytes], whole[^TagBytes..], plain,
                    System.Text.Encoding.UTF8.GetBytes(belongsTo));
            }
            catch (AuthenticationTagMismatchException) { return (null, "its secret is damaged, or belongs to another name or cluster"); }
            return (System.Text.Encoding.UTF8.GetString(plain), "");
        }
        return (null, "its secret was sealed with a key that this replica does not have: see --seal-key-file");
    }
}
