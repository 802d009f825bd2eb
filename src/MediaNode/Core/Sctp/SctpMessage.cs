namespace VideoScale.MediaNode.Sctp;

/// <summary>A message as it came.</summary>
/// <param name="Protocol">The payload protocol identifier.</param>
public readonly record struct SctpMessage(ushort Stream, uint Protocol, byte[] Payload);

/// <summary>How a message is to arrive.</summary>
/// <param name="MaxRetransmits">Given up when it was sent again so often; null: never.</param>
/// <param name="MaxLifeUs">Given up when it has waited and been sent so long; null: never.</param>
public readonly record struct Delivery(bool IsUnordered = false, int? MaxRetransmits = null, long? MaxLifeUs = null)
{
    public bool IsReliable => MaxRetransmits is null && MaxLifeUs is null;
}

public enum SctpState : byte { Closed = 0, CookieWait = 1, CookieEchoed = 2, Established = 3, ShuttingDown = 4, Aborted = 5 }
