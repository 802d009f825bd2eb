using VideoScale.Chaos.Linearizability;
using VideoScale.Chaos.Workloads;

namespace VideoScale.Chaos.Tests;

/// <summary>A history in its two notations, and what calls it is made of.</summary>
public sealed class HistoryTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("videoscale-history-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Both_notations_come_back_as_they_were()
    {
        var history = new History();
        history.Add(1, OperationType.Invoke, "create", "a \"room\" \\ of mine", new OperationValue(Request: "r1"));
        history.Add(1, OperationType.Ok, "create", "a \"room\" \\ of mine", new OperationValue(7, "media-1", 12, "r1"));
        history.Add(2, OperationType.Invoke, "read", "other");
        history.Add(2, OperationType.Fail, "read", "other", new OperationValue(Status: "Unavailable"));
        history.Add(3, OperationType.Info, "close", "other");
        history.WriteTo(_folder.FullName);
        foreach (var name in (string[])[History.FileName, History.EdnName])
            Assert.Equal(history.Operations, History.ReadFrom(Path.Combine(_folder.FullName, name)));
    }

    [Fact]
    public void Histories_of_others_are_read_whether_in_a_vector_or_one_by_one()
    {
        const string One = "{:type :invoke, :f :read, :value [\"k\" nil], :process 0, :time 1 :index 0} ; a remark\n"
            + "{:type :ok :f :read :value [\"k\" {:epoch 3 :node \"n\"}] :process 0 :time 2 :index 1}";
        foreach (var text in (string[])[One, $"[{One}]"])
        {
            var read = Assert.Single(RoomHistory.Of(History.ReadFrom(Written("given.edn", text))));
            Assert.Equal(new RoomOperation("k", RoomCall.Read, 0, 1, 2, new Ownership(3, "n")), read);
        }
    }

    [Theory]
    [InlineData("a.edn", "{:type :ok")]
    [InlineData("a.edn", "{:type}")]
    [InlineData("a.edn", "{:type :ok, :f :read, :process 0, :time 1}")]
    [InlineData("a.edn", "17")]
    [InlineData("a.jsonl", "{")]
    [InlineData("a.jsonl", """{"time":1,"process":0,"type":"perhaps","f":"read","key":"k"}""")]
    public void What_is_no_history_is_refused(string name, string text) =>
        Assert.Throws<FormatException>(() => History.ReadFrom(Written(name, text)));

    [Fact]
    public void Refusals_and_reads_without_an_answer_say_nothing_and_a_write_without_one_is_kept()
    {
        Operation[] history =
        [
            new(1, 1, OperationType.Invoke, "create", "k", null), new(2, 1, OperationType.Fail, "create", "k", null),
            new(3, 2, OperationType.Invoke, "read", "k", null), new(4, 2, OperationType.Info, "read", "k", null),
            new(5, 3, OperationType.Invoke, "close", "k", null), new(6, 3, OperationType.Info, "close", "k", null),
            new(7, 4, OperationType.Invoke, "move", "k", null), new(8, 5, OperationType.Invoke, "admit", "k", null),
        ];
        Assert.Equal([new("k", RoomCall.Close, 3, 5, RoomOperation.Never, null), new("k", RoomCall.Move, 4, 7, RoomOperation.Never, null)],
            RoomHistory.Of(history));
    }

    [Fact]
    public void A_process_with_two_calls_at_once_is_refused() => Assert.Throws<FormatException>(() => RoomHistory.Of(
        [new(1, 1, OperationType.Invoke, "create", "k", null), new(2, 1, OperationType.Invoke, "read", "k", null)]));

    [Theory]
    [InlineData("""{"time":2,"process":1,"type":"ok","f":"read","key":"k"}""", 0)]
    [InlineData("""{"time":2,"process":1,"type":"ok","f":"read","key":"k","value":{"epoch":1,"node":"n"}}""", 1)]
    public async Task The_command_tells_what_holds_from_what_does_not(string answer, int expected)
    {
        var file = Written("given.jsonl", """{"time":1,"process":1,"type":"invoke","f":"read","key":"k"}""" + "\n" + answer);
        var (code, output) = await HarnessProgram.RunAsync("check", file);
        Assert.True(expected == code, output);
        Assert.Contains("1 operations on 1 rooms", output, StringComparison.Ordinal);
    }

    private string Written(string name, string text)
    {
        var file = Path.Combine(_folder.FullName, name);
        File.WriteAllText(file, text);
        return file;
    }
}
