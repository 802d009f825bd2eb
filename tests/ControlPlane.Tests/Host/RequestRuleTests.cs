using System.Text.Json.Nodes;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;
using VideoScale.V1;

namespace VideoScale.ControlPlane.Tests.HostTests;

/// <summary>
/// Every field of every request either has rules, and each is broken here, or takes any value, and says so here:
/// a new field without a row fails the test. A refusal names field, value and rule.
/// </summary>
public sealed class RequestRuleTests
{
    private const string Valid =
        """{"requestId":"id-1","roomId":"room","identity":"ann","nodeId":"node","stream":"cluster","name":"room"}""";
    private static readonly string Long = new('x', 65);

    private static readonly ServiceDescriptor[] Services =
    [
        RoomService.Descriptor, NodeService.Descriptor, ClusterService.Descriptor, AuditService.Descriptor, ReplicaService.Descriptor,
    ];

    /// <summary>For each field wherever it stands: bad values as JSON, and what the refusal says of the value.</summary>
    private static readonly Dictionary<string, (string Json, string Shown)[]> Anywhere = new(StringComparer.Ordinal)
    {
        ["request_id"] = [("\"\"", "it is empty"), ($"\"{Long}\"", Long), ("\"two words\"", "two words"), ("\"gr\u00fcn\"", "gr")],
        ["room_id"] = [($"\"{new string('r', 257)}\"", new string('r', 80))],
        ["CreateRoomRequest.room_id"] = [("\"-dash\"", "-dash"), ($"\"{Long}\"", Long), ("\"a/b\"", "a/b"),
            ($"\"_x{new string('0', 48)}\"", "_x000")],
        ["name"] = [("\"\"", "\"\""), ($"\"{new string('ä', 129)}\"", new string('ä', 80))],
        ["patch"] = [($"{{\"metadata\":\"{Convert.ToBase64String(new byte[524_289])}\"}}", "524,289 bytes")],
        ["open_room"] = [("{}", "\"\""), ($"{{\"name\":\"{new string('ä', 129)}\"}}", new string('ä', 80))],
        ["node_id"] = [("\".dot\"", ".dot"), ($"\"{Long}\"", Long)],
        ["target_node_id"] = [("\"a b\"", "a b")],
        ["identity"] = [("\"\"", "\"\""), ("\"a b\"", "a b"), ($"\"{Long}\"", Long)],
        ["region"] = [("\"eu west\"", "eu west"), ($"\"{Long}\"", Long)],
        ["expected_participants"] = [("100001", "100001")],
        ["max_participants"] = [("100001", "100001")],
        ["max_publishers"] = [("100001", "100001")],
        ["empty_timeout_seconds"] = [("86401", "86401")],
        ["metadata"] = [($"\"{Convert.ToBase64String(new byte[65_537])}\"", "65,537 bytes")],
        ["reason"] = [($"\"{new string('y', 257)}\"", new string('y', 80))],
        ["role"] = [("9", "9")],
        ["consistency"] = [("9", "9")],
        ["page_size"] = [("1001", "1001")],
        ["page_token"] = [("\"zzz\"", "zzz")],
        ["within_seconds"] = [("604801", "604801")],
        ["target_member_id"] = [("\"12345\"", "12345")],
        ["member_id"] = [("\"0\"", "0")],
        ["member_ids"] = [("[]", "0 ids"), ("[\"7\",\"7\"]", "named 2 times"), ("[\"7\",\"0\"]", "0")],
        ["raft_address"] = [("\"nowhere\", \"memberId\": \"7\"", "nowhere"), ("\"h:0\", \"memberId\": \"7\"", "h:0")],
        ["grpc_address"] = [("\"h:70000\", \"memberId\": \"7\", \"raftAddress\": \"h:1\"", "h:70000")],
        ["http_address"] = [("\"a b:1\", \"memberId\": \"7\", \"raftAddress\": \"h:1\", \"grpcAddress\": \"h:2\"", "a b:1")],
        ["types"] = [("[\"Bogus\"]", "Bogus"), ("[\"1\"]", "\"1\"")],
        ["stream"] = [("\"\"", "0 characters"), ($"\"{new string('s', 129)}\"", "129 characters")],
        ["engine"] = [("\"\"", "\"\""), ("\"a b\"", "a b"), ($"\"{Long}\"", Long)],
        ["log_index"] = [("\"0\"", "0")],
        ["time_ms"] = [("\"-1\"", "-1")],
        ["event_seq"] = [("\"0\"", "0")],
        ["DiffRequest.from"] = [("{\"eventSeq\":\"0\"}", "0"), ("{}", "nothing")],
        ["DiffRequest.to"] = [("{\"eventSeq\":\"0\"}, \"from\": {\"logIndex\":\"1\"}", "0"),
            ("{}, \"from\": {\"logIndex\":\"1\"}", "nothing")],
        ["older_size"] = [("\"18446744073709551615\"", "18446744073709551615")],
        ["scope"] = [("\"shelf/1\"", "shelf/1"), ($"\"room/{new string('r', 257)}\"", new string('r', 80)), ("\"node/a b\"", "a b")],
        ["to_seq"] = [("\"2\", \"fromSeq\": \"3\"", "2")],
        ["first_seq"] = [("\"2\"", "2")],
        ["state_hash"] = [("\"AAAA\"", "3 bytes")],
        ["chain_head"] = [("\"AAAA\", \"stateHash\": \"AAAAAAAAAAAAAAAAAAAAAA==\"", "3 bytes")],
        ["merkle_root"] =
            [("\"AAAA\", \"stateHash\": \"AAAAAAAAAAAAAAAAAAAAAA==\", \"chainHead\": \"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"",
            "3 bytes")],
        ["subject"] = [("\"\"", "\"\""), ($"\"{new string('s', 257)}\"", new string('s', 80))],
        ["kind"] = [("\"\", \"subject\": \"s\"", "\"\"")],
        ["auth_method"] = [("\"\", \"subject\": \"s\", \"kind\": \"k\"", "\"\"")],
        ["method"] = [("\"\", \"subject\": \"s\", \"kind\": \"k\", \"authMethod\": \"m\"", "\"\"")],
        ["code"] = [("9, \"subject\": \"s\", \"kind\": \"k\", \"authMethod\": \"m\", \"method\": \"m\"", "9"),
            ("257, \"subject\": \"s\", \"kind\": \"k\", \"authMethod\": \"m\", \"method\": \"m\"", "257")],
        ["message"] =
            [($"\"{new string('m', 4_097)}\", \"code\": 6, \"subject\": \"s\", \"kind\": \"k\", \"authMethod\": \"m\", \"method\": \"m\"",
            new string('m', 80))],
    };

    /// <summary>Any value has a meaning; what cannot be is answered by state, not by a rule.</summary>
    private static readonly HashSet<string> TakesAnything = new(StringComparer.Ordinal)
    {
        "keep_when_empty", "include_closed", "changes_existing", "force", "expected_epoch", "from_seq", "from_version", "limit",
        "ReportHashRequest.member_id", "ReportHashRequest.mark_index", "ReportHashRequest.event_seq", "FetchSegmentRequest.offset",
            "others", "GetProofRequest.tree_size", "GetCheckpointRequest.at_most",
    };

    [Fact]
    public async Task Every_field_of_every_request_is_refused_with_field_value_and_rule()
    {
        await using var replica = await FakeReplica.StartAsync();
        var invoker = replica.Channel.CreateCallInvoker();
        var (problems, broken) = (new List<string>(), 0);
        foreach (var method in Services.SelectMany(service => service.Methods))
            foreach (var field in method.InputType.Fields.InDeclarationOrder())
            {
                if (TakesAnything.Contains(field.Name) || TakesAnything.Contains($"{method.InputType.Name}.{field.Name}")) continue;
                if (!Anywhere.TryGetValue($"{method.InputType.Name}.{field.Name}", out var rows)
                    && !Anywhere.TryGetValue(field.Name, out rows))
                {
                    problems.Add($"{method.InputType.Name}.{field.Name} has no row here: which rule does it follow?");
                    continue;
                }
                foreach (var (json, shown) in rows)
                {
                    broken++;
                    if (await Problem(invoker, method, field, json, shown) is { } problem)
                        problems.Add(
                            $"{method.Service.Name}.{method.Name} with {field.Name} {(json.Length <= 60 ? json : json[..60])}: {problem}");
                }
            }
        Assert.True(problems.Count == 0, string.Join('\n', problems));
        Assert.InRange(broken, 80, int.MaxValue);
        Assert.Empty((await replica.Rooms.ListRoomsAsync(new ListRoomsRequest())).Rooms); // nothing that was refused was done
    }

    [Theory]
    [InlineData("node_id", """{"nodeId":"a b"}""", "a b")]
    [InlineData("incarnation", """{"incarnation":"0"}""", "0")]
    [InlineData("region", """{"region":"eu west"}""", "eu west")]
    [InlineData("zone", """{"zone":"a/b"}""", "a/b")]
    [InlineData("address", """{"address":"nowhere"}""", "nowhere")]
    [InlineData("address", """{"address":"host:70000"}""", "host:70000")]
    [InlineData("capacity.publishers", """{"capacity":{"publishers":4294967295,"subscribers":1,"bitrateKbps":"1"}}""", "4294967295")]
    [InlineData("capacity.subscribers", """{"capacity":{"publishers":1,"subscribers":4294967295,"bitrateKbps":"1"}}""", "4294967295")]
    [InlineData("capacity.bitrate_kbps", """{"capacity":{"publishers":1,"subscribers":1,"bitrateKbps":"18446744073709551615"}}""",
        "18446744073709551615")]
    public async Task An_agents_hello_is_refused_with_field_value_and_rule(string field, string json, string shown)
    {
        await using var replica = await FakeReplica.StartAsync();
        using var call = new AgentService.AgentServiceClient(replica.Channel).Attach();
        var hello =
            JsonParser.Default.Parse<AgentHello>(
            Merge(
            """{"nodeId":"m","incarnation":"1","address":"127.0.0.1:1","capacity":{"publishers":1,"subscribers":1,"bitrateKbps":"1"}}""",
            json));
        await call.RequestStream.WriteAsync(new AgentMessage { Hello = hello });
        var refused = await Assert.ThrowsAsync<RpcException>(async () => await call.ResponseStream.MoveNext());
        Assert.Null(Judge(refused.Status, field, shown));
    }

    private static async Task<string?> Problem(CallInvoker invoker, MethodDescriptor method, FieldDescriptor field, string json,
        string shown)
    {
        // A value that may be left out is not wrong when it is empty.
        if (json == "\"\"" && field.Name == "room_id") return null;
        var request = Parser.Parse(Merge(Known(method.InputType), $$"""{"{{field.JsonName}}":{{json}}}"""), method.InputType);
        var call = new Method<IMessage, byte[]>(method.IsServerStreaming ? MethodType.ServerStreaming : MethodType.Unary,
            method.Service.FullName, method.Name,
            Marshallers.Create<IMessage>(static m => m.ToByteArray(), static _ => throw new NotSupportedException()),
                Marshallers.Create<byte[]>(static b => b, static b => b));
        var options = new CallOptions(deadline: DateTime.UtcNow.AddSeconds(30));
        try
        {
            if (method.IsServerStreaming)
            {
                using var stream = invoker.AsyncServerStreamingCall(call, null, options, request);
                await stream.ResponseStream.MoveNext(CancellationToken.None);
            }
            else
            {
                using var unary = invoker.AsyncUnaryCall(call, null, options, request);
                await unary;
            }
            return "it was accepted";
        }
        catch (RpcException e) { return Judge(e.Status, field.Name, shown); }
    }

    private static string? Judge(Status status, string field, string shown)
    {
        if (status.StatusCode != StatusCode.InvalidArgument) return $"{status.StatusCode}: {status.Detail}";
        if (!status.Detail.StartsWith(field + ":", StringComparison.Ordinal)
            && !status.Detail.StartsWith(field + ".", StringComparison.Ordinal)) return $"the field is not named first: {status.Detail}";
        if (!status.Detail.Contains(shown, StringComparison.Ordinal)) return $"the value is not shown: {status.Detail}";
        var rule = status.Detail.IndexOf("the rule: ", StringComparison.Ordinal);
        return rule > 0 && rule + "the rule: ".Length < status.Detail.Length ? null : $"the rule is not said: {status.Detail}";
    }

    /// <summary>The valid values that a request knows.</summary>
    private static string Known(MessageDescriptor request)
    {
        var known = new JsonObject();
        foreach (var (name, value) in JsonNode.Parse(Valid)!.AsObject())
            if (request.Fields.InDeclarationOrder().Any(f => f.JsonName == name && f.ContainingOneof is null))
                known[name] = value!.DeepClone();
        return known.ToJsonString();
    }

    private static string Merge(string valid, string broken)
    {
        var merged = JsonNode.Parse(valid)!.AsObject();
        foreach (var (name, value) in JsonNode.Parse(broken)!.AsObject()) merged[name] = value?.DeepClone();
        return merged.ToJsonString();
    }

    private static readonly JsonParser Parser = JsonParser.Default;
}
