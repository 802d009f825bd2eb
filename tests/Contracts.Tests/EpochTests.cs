using VideoScale.Model;

namespace VideoScale.Contracts.Tests;

public sealed class EpochTests
{
    [Theory]
    [InlineData(0, 24, "0.24")]
    [InlineData(1, 24, "1.24")]
    [InlineData(65_535, 281_474_976_710_655, "65535.281474976710655")]
    public void An_epoch_is_read_as_it_is_shown_and_as_it_is_on_the_wire(int generation, long seq, string text)
    {
        var epoch = Epoch.Of((ushort)generation, (ulong)seq);
        Assert.Equal((text, epoch, epoch), (epoch.ToString(), Epoch.TryParse(text), Epoch.TryParse($"{epoch.Value}")));
    }

    [Theory]
    [InlineData("")]
    [InlineData("none")]
    [InlineData("1.0")]
    [InlineData("-1")]
    [InlineData("1.2.3")]
    [InlineData("65536.1")]
    [InlineData("1.281474976710656")]
    public void What_is_no_epoch_is_not_read_as_one(string text) => Assert.Null(Epoch.TryParse(text));
}
