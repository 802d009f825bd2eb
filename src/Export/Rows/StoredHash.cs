using VideoScale.ControlPlane.Audit;

namespace VideoScale.Export.Rows;

/// <summary>A hash as it stands in a database, where anybody with its owner's password may have changed it.</summary>
internal static class StoredHash
{
    /// <summary>What has another length is no hash, and equals none.</summary>
    internal static Hash256 Of(byte[] stored) => stored.Length == Hash256.SizeBytes ? new Hash256(stored) : Hash256.Zero;
}
