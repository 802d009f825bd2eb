namespace VideoScale.MediaNode.Sctp;

/// <summary>What a chunk is (RFC 9260 §3.2, RFC 6525, RFC 3758).</summary>
internal enum ChunkType : byte
{
    Data = 0,
    Init = 1,
    InitAck = 2,
    Sack = 3,
    Heartbeat = 4,
    HeartbeatAck = 5,
    Abort = 6,
    Shutdown = 7,
    ShutdownAck = 8,
    Error = 9,
    CookieEcho = 10,
    CookieAck = 11,
    ShutdownComplete = 14,
    Reconfiguration = 130,
    ForwardTsn = 192,
}

/// <summary>What a parameter within a chunk is.</summary>
internal enum ParameterType : ushort
{
    StateCookie = 7,
    OutgoingResetRequest = 13,
    IncomingResetRequest = 14,
    ReconfigurationResponse = 16,
    SupportedExtensions = 0x8008,
    ForwardTsnSupported = 0xC000,
}

/// <summary>Flags of DATA chunks.</summary>
[Flags]
internal enum DataFlags : byte
{
    None = 0,
    End = 1,
    Begin = 2,
    Unordered = 4,
}
