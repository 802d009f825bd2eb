namespace VideoScale.ControlPlane.Host.Members;

/// <summary>What an operator should know about a number of voters.</summary>
public static class VoterSetAdvice
{
    /// <returns>Empty when there is nothing to say.</returns>
    public static string For(int voters)
    {
        if (voters == 0 || voters % 2 != 0) return "";
        var half = voters / 2;
        var bears = half - 1;
        return $"{voters} voters survive {(bears == 0 ? "no failure" : bears == 1 ? "one failure" : $"{bears} failures")}, no more than "
            + $"{voters - 1} would; a split {half}–{half} stops both halves: "
            + "nothing is committed until it heals, then all goes on by itself. An odd number is better";
    }
}
