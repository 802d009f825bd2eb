namespace VideoScale.Model;

/// <summary>Why an expected refusal happened; each maps to one gRPC status.</summary>
public enum FailureCode : byte
{
    /// <summary>A field breaks a rule; the message names field, value and rule.</summary>
    InvalidArgument = 1,
    NotFound = 2,
    AlreadyExists = 3,
    /// <summary>Stale epoch or wrong state; the message says the current one.</summary>
    FailedPrecondition = 4,
    /// <summary>A cap is reached; the message says which and by how much.</summary>
    ResourceExhausted = 5,
    PermissionDenied = 6,
    /// <summary>Asked about what is no longer (or not yet) held here; the message says the floor.</summary>
    OutOfRange = 7,
    /// <summary>No quorum or no leader: retry with the same request_id.</summary>
    Unavailable = 8,
}

/// <summary>An expected refusal: a value, never an exception inside Core.</summary>
public sealed record Failure(FailureCode Code, string Message)
{
    /// <summary>When it is worth asking again, in milliseconds; 0 where nothing is known of that. Not kept in stored answers.</summary>
    public long RetryAfterMs { get; init; }

    public static Failure InvalidArgument(string message) => new(FailureCode.InvalidArgument, message);
    public static Failure NotFound(string what) => new(FailureCode.NotFound, $"{what} does not exist");
    public static Failure AlreadyExists(string what) => new(FailureCode.AlreadyExists, $"{what} already exists");
    public static Failure Precondition(string message) => new(FailureCode.FailedPrecondition, message);
    public static Failure Exhausted(string message) => new(FailureCode.ResourceExhausted, message);
    public static Failure Denied(string message) => new(FailureCode.PermissionDenied, message);
    public static Failure OutOfRange(string message) => new(FailureCode.OutOfRange, message);
    public static Failure Unavailable(string message) => new(FailureCode.Unavailable, message);
}
