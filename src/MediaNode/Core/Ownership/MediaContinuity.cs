namespace VideoScale.MediaNode.Ownership;

/// <summary>
/// What a lost lease means for those who have already joined. It changes nothing about authority: nobody new is admitted either way.
/// </summary>
public enum MediaContinuity : byte
{
    /// <summary>They go on hearing each other for the isolation grace, so an outage of the control plane kills no calls.</summary>
    Continue = 1,
    /// <summary>Their sessions end with authority.</summary>
    Stop = 2,
}
