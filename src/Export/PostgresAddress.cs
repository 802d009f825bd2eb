using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Npgsql;
using VideoScale.Export.Schema;

namespace VideoScale.Export;

/// <summary>
/// Where the database is: <c>postgres://USER[:PASSWORD]@HOST[:PORT]/DATABASE[?sslmode=…&amp;host=/SOCKET/DIRECTORY]</c>. What it is shown
/// as holds no secret.
/// </summary>
public sealed class PostgresAddress
{
    /// <summary>Its own, so that it stands in no list of processes.</summary>
    public const string PasswordVariable = "VIDEOSCALE_POSTGRES_PASSWORD";

    private readonly NpgsqlConnectionStringBuilder _settings;

    private PostgresAddress(NpgsqlConnectionStringBuilder settings) => _settings = settings;

    /// <summary>Without the password.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{_settings.Username}@{_settings.Host}:{_settings.Port}/{_settings.Database}");

    /// <param name="passwordFile">Holds the password, when the address does not; empty: the environment may.</param>
    /// <param name="problem">Why not, without the address: it may hold a password.</param>
    public static bool TryParse(string url, string passwordFile, [NotNullWhen(true)] out PostgresAddress? address, out string problem)
    {
        ArgumentNullException.ThrowIfNull(passwordFile);
        address = null;
        problem = "not postgres://USER@HOST[:PORT]/DATABASE";
        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.Scheme is not ("postgres" or "postgresql")) return false;
        var credentials = uri.UserInfo.Split(':', 2);
        var settings = new NpgsqlConnectionStringBuilder
        {
            Host = uri.Host,
            Port = uri.Port > 0 ? uri.Port : 5432,
            Database = Uri.UnescapeDataString(uri.AbsolutePath.Trim('/')),
            Username = Uri.UnescapeDataString(credentials[0]),
        };
        if (credentials.Length == 2) settings.Password = Uri.UnescapeDataString(credentials[1]);
        if (!TakeQuery(uri.Query, settings, out problem)) return false;
        if (settings.Host is not { Length: > 0 } || settings.Username is not { Length: > 0 } || settings.Database is not { Length: > 0 })
        {
            problem = "user, host and database are all needed: postgres://USER@HOST[:PORT]/DATABASE";
            return false;
        }
        if (settings.Password is not { Length: > 0 } && !TakePassword(passwordFile, settings, out problem)) return false;
        address = new PostgresAddress(settings);
        problem = "";
        return true;
    }

    internal NpgsqlDataSource OpenSource(string application = Names.Application)
    {
        var settings = new NpgsqlConnectionStringBuilder(_settings.ConnectionString)
        {
            ApplicationName = application,
            MaxPoolSize = 4,
            Timeout = 10,
            CommandTimeout = 60,
            TcpKeepAlive = true,
            IncludeErrorDetail = true, // names the key that is there twice, which is no secret
        };
        return new NpgsqlDataSourceBuilder(settings.ConnectionString).Build();
    }

    private static bool TakeQuery(string query, NpgsqlConnectionStringBuilder settings, out string problem)
    {
        problem = "";
        foreach (var part in query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var pair = part.Split('=', 2);
            var value = Uri.UnescapeDataString(pair.Length == 2 ? pair[1] : "");
            switch (pair[0])
            {
                case "host": settings.Host = value; break;
                case "port" when int.TryParse(value, CultureInfo.InvariantCulture, out var port): settings.Port = port; break;
                case "sslmode" when Enum.TryParse<SslMode>(value.Replace("-", "", StringComparison.Ordinal), ignoreCase:
                    true, out var mode):
                    settings.SslMode = mode;
                    break;
                case "sslrootcert": settings.RootCertificate = value; break;
                case "sslcert": settings.SslCertificate = value; break;
                case "sslkey": settings.SslKey = value; break;
                default:
                    problem = $"\"{pair[0]}\" is not host, port, sslmode, sslrootcert, sslcert or sslkey, or its value is none";
                    return false;
            }
        }
        return true;
    }

    private static bool TakePassword(string file, NpgsqlConnectionStringBuilder settings, out string problem)
    {
        problem = "";
        try
        {
            settings.Password = file.Length > 0 ? File.ReadAllText(file).TrimEnd('\r', '\n')
                : Environment.GetEnvironmentVariable(PasswordVariable);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            problem = $"the password's file {file} cannot be read: {e.Message}";
            return false;
        }
    }
}
