using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using VideoScale.Harness.Results;

namespace VideoScale.Bench.Consensus;

/// <summary>
/// What the machine itself can do, measured in the same run: no replicated log of three on it can commit one after the other faster.
/// </summary>
/// <param name="SyncAloneMs">p50 of write and fdatasync of one 512-byte record into a zero-filled file.</param>
/// <param name="SyncThreeWayMs">The same with three files at once, as three replicas do.</param>
/// <param name="RoundTripMs">p50 of 64 bytes there and back over TCP on loopback, between two threads.</param>
public sealed record Calibration(double SyncAloneMs, double SyncThreeWayMs, double RoundTripMs)
{
    private const int FileBytes = 4 << 20;
    private const int RecordBytes = 512;
    private const int RoundTrips = 3_000;

    /// <summary>Commits one after the other that the disk and the network would allow.</summary>
    public double SequentialLimit => 1000 / (SyncThreeWayMs + RoundTripMs);

    public static Calibration Take(string directory, TimeSpan each) =>
        new(SyncMs(directory, 1, each), SyncMs(directory, 3, each), MeasureRoundTrip());

    private static double SyncMs(string directory, int files, TimeSpan duration)
    {
        var histogram = new LatencyHistogram();
        var threads = Enumerable.Range(0, files).Select(i => new Thread(() =>
        {
            var path = Path.Combine(directory, $"calibration-{i}");
            using var file = File.OpenHandle(path, FileMode.Create, FileAccess.ReadWrite);
            RandomAccess.Write(file, new byte[FileBytes], 0);
            Sync(file);
            var record = new byte[RecordBytes];
            Array.Fill(record, (byte)1);
            var from = Stopwatch.GetTimestamp();
            for (long at = 0; Stopwatch.GetElapsedTime(from) < duration; at = (at + RecordBytes) % FileBytes)
            {
                var started = Stopwatch.GetTimestamp();
                RandomAccess.Write(file, record, at);
                Sync(file);
                histogram.Add(Stopwatch.GetTimestamp() - started);
            }
            File.Delete(path);
        })).ToArray();
        foreach (var thread in threads) thread.Start();
        foreach (var thread in threads) thread.Join();
        return histogram.QuantileMs(0.5);
    }

    private static double MeasureRoundTrip()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var near = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        near.Connect(listener.LocalEndpoint);
        using var far = listener.AcceptSocket();
        far.NoDelay = true;
        var echo = new Thread(() =>
        {
            var buffer = new byte[64];
            for (var i = 0; i < RoundTrips; i++) { ReceiveAll(far, buffer); far.Send(buffer); }
        });
        echo.Start();
        var histogram = new LatencyHistogram();
        var bytes = new byte[64];
        for (var i = 0; i < RoundTrips; i++)
        {
            var started = Stopwatch.GetTimestamp();
            near.Send(bytes);
            ReceiveAll(near, bytes);
            histogram.Add(Stopwatch.GetTimestamp() - started);
        }
        echo.Join();
        return histogram.QuantileMs(0.5);
    }

    private static void ReceiveAll(Socket socket, byte[] buffer)
    {
        for (var at = 0; at < buffer.Length;) at += socket.Receive(buffer.AsSpan(at));
    }

    private static void Sync(SafeFileHandle file)
    {
        if (fdatasync(file) != 0) throw new IOException($"fdatasync failed with errno {Marshal.GetLastPInvokeError()}");
    }

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int fdatasync(SafeFileHandle file);
}
