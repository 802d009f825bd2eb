namespace VideoScale.MediaNode.Sdp;

/// <summary>How a side takes part in the DTLS handshake (RFC 8842).</summary>
public enum SdpSetup : byte { ActiveOrPassive = 0, Active = 1, Passive = 2, Hold = 3 }

/// <summary>The client's side of the transport; texts are empty where its description tells nothing.</summary>
/// <param name="Fingerprints">"sha-256 AB:CD:…", each of the same certificate.</param>
public sealed record SdpRemote(string IceFragment, string IcePassword, IReadOnlyList<string> Fingerprints, SdpSetup Setup)
{
    /// <summary>RFC 8839 §5.4: 4 and 22 characters at least.</summary>
    public bool HasCredentials => IceFragment.Length >= 4 && IcePassword.Length >= 22;
}

/// <summary>An offer or answer, all of it on one transport (BUNDLE, RFC 9143): a client's, or the outline of one of ours.</summary>
public sealed record SdpDescription
{
    public SdpRemote Remote { get; init; } = new("", "", [], SdpSetup.ActiveOrPassive);
    public required IReadOnlyList<SdpMedia> Media { get; init; }
    /// <summary>
    /// Mids of the sections that share the transport, as a=group:BUNDLE names them; empty when the offer has none: then one section alone
    /// is used.
    /// </summary>
    public required IReadOnlyList<string> Bundle { get; init; }
    /// <summary>One- and two-byte header extensions may stand in one stream (RFC 8285 §6).</summary>
    public bool MixesExtensions { get; init; }

    /// <summary>Where the section of a mid stands; -1 when there is none.</summary>
    public int IndexOf(string mid)
    {
        for (var i = 0; i < Media.Count; i++) if (Media[i].Mid == mid) return i;
        return -1;
    }
}
