namespace VideoScale.Contracts.Tests.Rpc;

internal static class Eventually
{
    /// <summary>Waits until the condition holds; a generous bound, because only its failure costs time.</summary>
    public static async Task HoldsAsync(Func<bool> condition, string what)
    {
        var until = DateTime.UtcNow.AddSeconds(30);
        while (!condition())
        {
            Assert.True(DateTime.UtcNow < until, "never came true: " + what);
            await Task.Delay(10);
        }
    }
}
