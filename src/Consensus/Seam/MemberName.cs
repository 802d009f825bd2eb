namespace VideoScale.Consensus;

/// <summary>The DNS name in a member's certificate; it stays when the member moves to another host.</summary>
public static class MemberName
{
    public static string Of(MemberId member) => $"member-{member}.videoscale.internal";
}
