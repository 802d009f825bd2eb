using VideoScale.Consensus;
using VideoScale.Consensus.Apply;
using VideoScale.Consensus.Engine.Driver;
using VideoScale.Harness;

namespace VideoScale.Consensus.Tests.Driver;

public sealed class SessionTableTests
{
    [Fact]
    public void Within_the_window_every_number_is_new_once_and_then_known() => Seeds.Run(100, random =>
    {
        var table = new SessionTable();
        var model = new Dictionary<ulong, byte>();
        ulong highest = 0, index = 0;
        for (var step = 0; step < 3_000; step++)
        {
            var sequence = random.Next(4) == 0 ? highest + 1 + (ulong)random.Next(40) : 1 + (ulong)random.NextInt64((long)highest + 1);
            var id = new ProposalId(5, sequence);
            var answer = table.Find(id, out var known);
            if (highest > 0 && sequence + SessionTable.Window <= highest) Assert.Equal(SessionAnswer.Expired, answer);
            else if (model.TryGetValue(sequence, out var reply))
            {
                Assert.Equal(SessionAnswer.Repeated, answer);
                Assert.Equal([reply], known.Reply.ToArray());
            }
            else
            {
                Assert.Equal(SessionAnswer.New, answer);
                var value = (byte)random.Next(256);
                table.Record(id, ++index, 1, [value]);
                model[sequence] = value;
                highest = Math.Max(highest, sequence);
            }
            if (random.Next(500) == 0) table = Copy(table);
        }
    });

    [Fact]
    public void Equal_tables_give_equal_bytes_and_come_back_from_them() => Seeds.Run(50, random =>
    {
        var table = new SessionTable();
        for (var index = 1UL; index <= 500; index++)
        {
            var id = new ProposalId((ulong)random.Next(1, 9), 1 + (ulong)random.Next(300));
            if (table.Find(id, out _) == SessionAnswer.New) table.Record(id, index, 3, new byte[random.Next(20)]);
        }
        Assert.Equal(table.Serialize(), Copy(table).Serialize());
    });

    [Fact]
    public void The_session_used_longest_ago_is_forgotten_and_does_not_come_back_as_new()
    {
        var table = new SessionTable();
        ulong index = 0;
        for (var sequence = 1UL; sequence <= SessionTable.Window + 1; sequence++) table.Record(new ProposalId(1, sequence), ++index, 1, []);
        for (var session = 2UL; session <= SessionTable.MaxSessions + 1; session++)
            table.Record(new ProposalId(session, 1), ++index, 1, []);
        Assert.Equal(SessionTable.MaxSessions, table.Count);
        Assert.Equal(SessionAnswer.Expired, table.Find(new ProposalId(1, SessionTable.Window + 1), out _));
        Assert.Equal(SessionAnswer.Repeated, table.Find(new ProposalId(2, 1), out _));
    }

    private static SessionTable Copy(SessionTable table)
    {
        var copy = new SessionTable();
        copy.Deserialize(table.Serialize());
        return copy;
    }
}
