using System.Security.Cryptography;
using VideoScale.ControlPlane.Host.Keys;
using VideoScale.ControlPlane.Keys;

namespace VideoScale.ControlPlane.Tests.Keys;

/// <summary>What the log holds of a secret tells nothing without the seal keys, and is of use for its own name alone.</summary>
public sealed class SealKeysTests
{
    private static string Line() => Convert.ToBase64String(RandomNumberGenerator.GetBytes(SealKeys.KeyBytes));

    [Fact]
    public void A_secret_comes_back_for_its_own_name_alone()
    {
        var keys = SealKeys.Parse(Line());
        var closed = keys.Seal("the secret of web", "cluster/web");
        Assert.Equal(("the secret of web", ""), keys.Open(closed, "cluster/web"));
        Assert.Contains("another name", keys.Open(closed, "cluster/admin").Problem, StringComparison.Ordinal);
        Assert.DoesNotContain("secret of", System.Text.Encoding.Latin1.GetString(closed.Bytes.AsSpan()), StringComparison.Ordinal);
        Assert.NotEqual(closed, keys.Seal("the secret of web", "cluster/web")); // nobody sees that two are the same
    }

    [Fact]
    public void A_new_seal_key_in_front_seals_and_those_behind_it_open()
    {
        var (before, after) = (Line(), Line());
        var closed = SealKeys.Parse(before).Seal("one", "c/k");
        var both = SealKeys.Parse($"{after}\n{before}\n");
        Assert.Equal("one", both.Open(closed, "c/k").Secret);
        var later = both.Seal("two", "c/k");
        Assert.Equal("two", SealKeys.Parse(after).Open(later, "c/k").Secret);
        Assert.Contains("--seal-key-file", SealKeys.Parse(before).Open(later, "c/k").Problem, StringComparison.Ordinal);
        Assert.Contains("--seal-key-file", SealKeys.None.Open(later, "c/k").Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_damaged_byte_is_noticed()
    {
        var keys = SealKeys.Parse(Line());
        var closed = keys.Seal("secret", "c/k");
        for (var i = 0; i < closed.Bytes.Length; i++)
            Assert.Null(keys.Open(new SealedSecret(closed.Bytes.SetItem(i, (byte)(closed.Bytes[i] ^ 1))), "c/k").Secret);
        for (var length = 0; length < closed.Bytes.Length; length++)
            Assert.Null(keys.Open(new SealedSecret(closed.Bytes[..length]), "c/k").Secret);
    }

    [Theory]
    [InlineData("")]
    [InlineData("not base64")]
    [InlineData("AAAA")]
    public void A_file_that_holds_something_else_is_refused(string text) => Assert.Throws<FormatException>(() => SealKeys.Parse(text));
}
