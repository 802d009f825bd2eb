using System.CommandLine;
using System.Net;

namespace VideoScale.Bench.Forward;

internal static class ForwardVerb
{
    internal static Command Create()
    {
        var subscribers = new Option<int>("--subscribers")
        {
            Description = "Fan-out of the one publication.",
            DefaultValueFactory = _ => 50,
        };
        var burst = new Option<int>("--burst") { Description = "Packets of a frame, handled in one batch.", DefaultValueFactory = _ => 4 };
        var octets = new Option<int>("--octets") { Description = "Octets of an RTP packet.", DefaultValueFactory = _ => 1100 };
        var seconds = new Option<double>("--seconds") { Description = "CPU seconds of each run.", DefaultValueFactory = _ => 1 };
        var rounds = new Option<int>("--rounds") { Description = "Turns of each way; the median counts.", DefaultValueFactory = _ => 3 };
        var remote =
            new Option<string?>("--remote") { Description = "Send to this address, where `forward --drain` runs, instead of loopback." };
        var drain = new Option<string?>("--drain") { Description = "Only receive on this address, until stopped." };
        var path = new Option<string>("--path")
        {
            Description = "Name of the way to the receivers in the results.",
            DefaultValueFactory = _ => "loopback",
        };
        var results = ResultsOption.Of("forward");
        var command = new Command("forward",
            "Packets that one core forwards: the real engine, SRTP and socket, by cipher and by way of sending.") { subscribers, burst,
            octets, seconds, rounds, remote, drain, path, results };
        command.SetAction(parse =>
        {
            if (parse.GetValue(drain) is { } address)
            {
                using var receivers = new Drain(IPAddress.Parse(address), Drain.FirstRemotePort);
                Console.WriteLine(
                    $"receiving on {address}, ports {Drain.FirstRemotePort} to {Drain.FirstRemotePort + Drain.Sockets - 1}; Enter ends it");
                Console.ReadLine();
                return;
            }
            ForwardBench.Run(new ForwardBenchOptions(parse.GetValue(subscribers), parse.GetValue(burst), parse.GetValue(octets),
                parse.GetValue(seconds), parse.GetValue(rounds),
                parse.GetValue(remote) is { } to ? IPAddress.Parse(to) : null, parse.GetValue(path)!, parse.GetValue(results)!));
        });
        return command;
    }
}
