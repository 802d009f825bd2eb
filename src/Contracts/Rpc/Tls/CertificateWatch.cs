using System.Diagnostics.Metrics;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace VideoScale.Rpc;

/// <summary>Reads a server's certificate files again when they have changed, and warns before they end.</summary>
/// <remarks>
/// Contents are compared, not times of change: files may be replaced by links, copies or mounts. Files that do not fit together (a new
/// certificate beside the old key) or are not there are seen while they are being replaced, so only what is still wrong a period later is
/// said, once.
/// </remarks>
public sealed partial class CertificateWatch : BackgroundService
{
    private const string Unreadable = "unreadable";
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan WarnPeriod = TimeSpan.FromDays(1);
    private readonly Meter _meter = new(RpcMetrics.MeterName);
    private readonly TlsMaterial _tls;
    private readonly TimeProvider _clock;
    private readonly ILogger<CertificateWatch> _logger;
    private string? _wrong;
    private bool _wrongSaid;
    private DateTimeOffset _warnedAt = DateTimeOffset.MinValue;

    public CertificateWatch(TlsMaterial tls, TimeProvider clock, ILogger<CertificateWatch> logger)
    {
        (_tls, _clock, _logger) = (tls, clock, logger);
        _meter.CreateObservableGauge(MetricName.InstrumentOf("videoscale_certificate_expires_seconds"),
            () => tls.Expiry.SecondsLeft(clock.GetUtcNow()), null,
            "Seconds until the process's certificate, or its authority, expires; negative once it has.");
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, _clock);
        do RunOnce();
        while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false));
    }

    /// <summary>Tests call this.</summary>
    internal void RunOnce()
    {
        ReadIfChanged();
        Warn();
    }

    private void ReadIfChanged()
    {
        if (!_tls.HasFiles) return;
        var now = _tls.ContentNow ?? Unreadable; // which, and why not, is what reading them says
        if (now == _tls.ContentInUse)
        {
            _wrong = null;
            return;
        }
        try
        {
            _tls.ReadAgain(_clock);
            _wrong = null;
            _warnedAt = DateTimeOffset.MinValue;
            LogReadAgain(_tls.Identity?.Subject ?? "nobody", CertificateWords.Date(_tls.Certificate.NotAfter));
        }
        catch (RpcConfigurationException e)
        {
            if (_wrong != now) (_wrong, _wrongSaid) = (now, false);
            else if (!_wrongSaid)
            {
                _wrongSaid = true;
                LogNotUsable(e.Message, CertificateWords.Date(_tls.Certificate.NotAfter));
            }
        }
    }

    private void Warn()
    {
        var now = _clock.GetUtcNow();
        if (now - _warnedAt < WarnPeriod || _tls.Expiry.Warning(now) is not { } warning) return;
        _warnedAt = now;
        LogExpires(warning);
    }

    public override void Dispose()
    {
        _meter.Dispose();
        base.Dispose();
    }

    [LoggerMessage(3705, LogLevel.Information, "Certificate files were read again: {Name}, valid until {Until}; new connections use them")]
    private partial void LogReadAgain(string name, string until);

    [LoggerMessage(3706, LogLevel.Error,
        "The certificate files are not used as they are now: {Reason}. The ones read before stay in use, until {Until}")]
    private partial void LogNotUsable(string reason, string until);

    [LoggerMessage(3707, LogLevel.Warning, "Renew in time: {Warning}")]
    private partial void LogExpires(string warning);
}
