using System.Globalization;
using VideoScale.ControlPlane.Rooms;
using VideoScale.Model;
using VideoScale.Platform;
using VideoScale.Wire;

namespace VideoScale.ControlPlane.Host.Api;

/// <summary>The rules of request fields. A broken one is INVALID_ARGUMENT that names field, value and rule.</summary>
internal static class FieldRules
{
    internal static void RequestId(string value)
    {
        if (value.Length == 0)
            throw Failure.InvalidArgument(
                "request_id: it is empty and breaks the rule: 1 to 64 printable ASCII characters, chosen by the caller; a retry carries "
                + "the same one").ToRpcException();
        if (value.Length > NameRule.MaxLength || !IsPrintable(value))
            throw Broken("request_id", value, "1 to 64 printable ASCII characters");
    }

    internal static void Name(string field, string value)
    {
        if (NameRule.Check(field, value) is { } failure) throw failure.ToRpcException();
    }

    /// <summary>The room that a request means by an id or a name.</summary>
    internal static RoomId Room(string field, string value)
    {
        if (!NameRule.Accepts(value) && RoomName.Check(field, value) is { } failure) throw failure.ToRpcException();
        return RoomName.Find(value);
    }

    internal static void OptionalName(string field, string value)
    {
        if (value.Length > 0) Name(field, value);
    }

    internal static void AtMost(string field, ulong value, ulong max)
    {
        if (value > max)
            throw Broken(field, value.ToString(CultureInfo.InvariantCulture), $"0 to {max.ToString("N0", CultureInfo.InvariantCulture)}");
    }

    internal static void Metadata(int bytes, int max = RoomSettings.MaxMetadataBytes, string field = "metadata")
    {
        if (bytes > max)
            throw Broken(field, $"{bytes.ToString("N0", CultureInfo.InvariantCulture)} bytes",
                $"at most {max.ToString("N0", CultureInfo.InvariantCulture)} bytes");
    }

    internal static void Reason(string value)
    {
        if (value.Length > TextLimits.MaxReasonLength) throw Broken("reason", value, $"at most {TextLimits.MaxReasonLength} characters");
    }

    internal static void Address(string field, string value)
    {
        if (value.Length > Consensus.MemberAddress.MaxLength || HostAndPort.TryParse(value) is null)
            throw Broken(field, value, $"host:port, at most {Consensus.MemberAddress.MaxLength} characters");
    }

    internal static Grpc.Core.RpcException Broken(string field, string value, string rule) =>
        Failure.InvalidArgument($"{field}: \"{TextLimits.Shown(value)}\" breaks the rule: {rule}").ToRpcException();

    private static bool IsPrintable(string value)
    {
        foreach (var c in value)
            if (c is < '!' or > '~') return false;
        return true;
    }
}
