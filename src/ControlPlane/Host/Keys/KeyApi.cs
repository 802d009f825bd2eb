using System.Buffers.Text;
using System.Security.Cryptography;
using Grpc.Core;
using VideoScale.Consensus;
using VideoScale.ControlPlane.Host.Api;
using VideoScale.ControlPlane.Host.Features;
using VideoScale.ControlPlane.Host.Options;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.Keys;
using VideoScale.Model;
using VideoScale.Rpc;
using VideoScale.V1;
using VideoScale.Wire;
using TokenRevocation = VideoScale.ControlPlane.Keys.TokenRevocation;

namespace VideoScale.ControlPlane.Host.Keys;

/// <summary>API keys, for operators. Secrets are sealed here, before anything of them is proposed.</summary>
[RequireRole(Role.Viewer)]
internal sealed class KeyApi(ReplicaCore core, SealKeys seals, ReplicatedKeys keys) : KeyService.KeyServiceBase
{
    private const int LeastSecret = 32, MostSecret = 256, MadeUpSecretBytes = 32, MadeUpNameBytes = 9;
    private const uint FormerForSeconds = 86_400, RevokedForSeconds = 30 * 86_400;

    public override async Task<ListApiKeysReply> ListApiKeys(ListApiKeysRequest request, ServerCallContext context)
    {
        core.Gate.Check();
        var mode = request.Consistency == Consistency.Stale ? ReadMode.Stale : ReadMode.Linearizable;
        var ring = await core.Queries.ReadAsync(mode, 0, static (state, _, _) => state.Keys ?? KeyRing.Empty, context.CancellationToken);
        var nowMs = core.Time.Now.UnixMs;
        var reply = new ListApiKeysReply();
        var configured = ApiKeyOptions.AllOf(core.Options).Where(key => ring.Find(key.Key) is null)
            .Select(static key => new ApiKeyInfo { Key = key.Key, Configured = true, Enabled = true });
        reply.Keys.AddRange(ring.Keys.Select(key => Describe(key, nowMs)).Concat(configured)
            .OrderBy(static key => key.Key, StringComparer.Ordinal));
        reply.Revocations.AddRange(ring.Revocations.Where(one => one.UntilMs > nowMs).Select(static one => new V1.TokenRevocation
        {
            Key = one.Key,
            Subject = one.Subject,
            IssuedBeforeMs = one.IssuedBeforeMs,
            UntilMs = one.UntilMs,
        }));
        return reply;
    }

    [RequireRole(Role.Admin)]
    public override async Task<ApiKeySecretReply> CreateApiKey(CreateApiKeyRequest request, ServerCallContext context)
    {
        FieldRules.RequestId(request.RequestId);
        FieldRules.OptionalName("key", request.Key);
        // A repeat makes up the same name, so that it is known for one.
        var name = request.Key.Length > 0 ? request.Key : MadeUpName(request.RequestId);
        var secret = SecretOf(request.Secret);
        var reply = await core.Mutations.RunAsync(request, request.RequestId, context, new KeyCommand.Create(name, Sealed(secret, name)),
            done => new ApiKeySecretReply { Commit = done.ToCommit(), Key = name, Secret = done.Replayed ? "" : secret },
            static (leader, r, options) => new KeyService.KeyServiceClient(leader).CreateApiKeyAsync(r, options));
        return await WithSecretAsync(reply);
    }

    [RequireRole(Role.Admin)]
    public override async Task<ApiKeySecretReply> RotateApiKey(RotateApiKeyRequest request, ServerCallContext context)
    {
        FieldRules.Name("key", request.Key);
        var secret = SecretOf(request.Secret);
        var formerMs = 1000UL * (request.HasFormerForSeconds ? request.FormerForSeconds : FormerForSeconds);
        var reply = await core.Mutations.RunAsync(request, request.RequestId, context,
            new KeyCommand.Rotate(request.Key, Sealed(secret, request.Key), formerMs),
            done => new ApiKeySecretReply { Commit = done.ToCommit(), Key = request.Key, Secret = done.Replayed ? "" : secret },
            static (leader, r, options) => new KeyService.KeyServiceClient(leader).RotateApiKeyAsync(r, options));
        return await WithSecretAsync(reply);
    }

    [RequireRole(Role.Admin)]
    public override Task<ApiKeyChangeReply> SetApiKeyEnabled(SetApiKeyEnabledRequest request, ServerCallContext context)
    {
        FieldRules.Name("key", request.Key);
        return core.Mutations.RunAsync(request, request.RequestId, context, new KeyCommand.SetEnabled(request.Key, request.Enabled),
            static done => new ApiKeyChangeReply { Commit = done.ToCommit() },
            static (leader, r, options) => new KeyService.KeyServiceClient(leader).SetApiKeyEnabledAsync(r, options));
    }

    [RequireRole(Role.Admin)]
    public override Task<ApiKeyChangeReply> DeleteApiKey(DeleteApiKeyRequest request, ServerCallContext context)
    {
        FieldRules.Name("key", request.Key);
        return core.Mutations.RunAsync(request, request.RequestId, context, new KeyCommand.Delete(request.Key),
            static done => new ApiKeyChangeReply { Commit = done.ToCommit() },
            static (leader, r, options) => new KeyService.KeyServiceClient(leader).DeleteApiKeyAsync(r, options));
    }

    [RequireRole(Role.Admin)]
    public override Task<ApiKeyChangeReply> RevokeTokens(RevokeTokensRequest request, ServerCallContext context)
    {
        FieldRules.Name("key", request.Key);
        var nowMs = core.Time.Now.UnixMs;
        var forMs = 1000L * (request.HasForSeconds ? request.ForSeconds : RevokedForSeconds);
        var revocation = new TokenRevocation(request.Key, request.Subject, request.IssuedBeforeMs == 0 ? nowMs : request.IssuedBeforeMs,
            nowMs + forMs);
        return core.Mutations.RunAsync(request, request.RequestId, context, new KeyCommand.RevokeTokens(revocation),
            static done => new ApiKeyChangeReply { Commit = done.ToCommit() },
            static (leader, r, options) => new KeyService.KeyServiceClient(leader).RevokeTokensAsync(r, options));
    }

    private ApiKeyInfo Describe(ApiKeyRecord key, long nowMs) => new()
    {
        Key = key.Name,
        Enabled = key.IsEnabled,
        CreatedAtMs = key.CreatedAtMs,
        ChangedAtMs = key.ChangedAtMs,
        FormerUntilMs = key.FormerUntilMs > nowMs ? key.FormerUntilMs : 0,
        Problem = keys.ProblemOf(key.Name),
    };

    private SealedSecret Sealed(string secret, string name) => !seals.IsEmpty ? seals.Seal(secret, keys.BelongsTo(name))
        : throw Failure.Precondition("this replica has nothing to seal secrets with: give every replica the same --seal-key-file")
            .ToRpcException();

    private static string SecretOf(string given)
    {
        if (given.Length == 0) return Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(MadeUpSecretBytes));
        return given.Length is >= LeastSecret and <= MostSecret && given.All(static c => c is > ' ' and <= '~') ? given
            : throw Failure.InvalidArgument($"secret: {given.Length} characters break the rule: {LeastSecret} to {MostSecret} printable "
                + "ASCII characters, no spaces").ToRpcException();
    }

    private static string MadeUpName(string requestId) => "API" + Base64Url.EncodeToString(
        SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(requestId)).AsSpan(0, MadeUpNameBytes));

    /// <summary>The answer to a repeat: what the first one made up is in the log alone.</summary>
    private async Task<ApiKeySecretReply> WithSecretAsync(ApiKeySecretReply reply)
    {
        if (reply.Secret.Length > 0) return reply;
        var record = await core.Queries.ReadNowAsync(reply.Key, static (state, _, name) => state.Keys?.Find(name));
        // Changed since by another request, it is no longer this one's to tell.
        if (record is not null && record.SecretSeq == reply.Commit.EventSeq)
            reply.Secret = seals.Open(record.Secret, keys.BelongsTo(record.Name)).Secret ?? "";
        return reply;
    }
}
