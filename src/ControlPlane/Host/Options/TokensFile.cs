using System.Text.Json;
using System.Text.Json.Serialization;
using VideoScale.Rpc;

namespace VideoScale.ControlPlane.Host.Options;

/// <summary>
/// API tokens from a JSON file: <c>{"tokens":[{"subject":"ci","role":"Operator","token":"…"}]}</c>; <c>sha256</c> in place of <c>token</c>
/// keeps the secret out.
/// </summary>
internal static class TokensFile
{
    internal static IReadOnlyList<ApiToken> Read(string path)
    {
        try
        {
            var content = JsonSerializer.Deserialize(File.ReadAllBytes(path), TokensJson.Default.TokensContent);
            if (content?.Tokens is not { Count: > 0 } tokens)
                throw new StartupException(ExitCode.BadConfiguration,
                    $"{path} holds no tokens; it needs {{\"tokens\":[{{\"subject\":…,\"role\":…,\"token\":…}}]}}");
            return tokens;
        }
        catch (JsonException e) { throw new StartupException(ExitCode.BadConfiguration, $"{path} is not a tokens file: {e.Message}", e); }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StartupException(ExitCode.BadConfiguration, $"{path} cannot be read: {e.Message}", e);
        }
    }
}

internal sealed record TokensContent(IReadOnlyList<ApiToken> Tokens);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, PropertyNameCaseInsensitive = true,
    UseStringEnumConverter = true, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(TokensContent))]
internal sealed partial class TokensJson : JsonSerializerContext;
