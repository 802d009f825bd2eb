using VideoScale.ControlPlane.Ordinal;
using VideoScale.ControlPlane.Participants;
using VideoScale.ControlPlane.State;
using VideoScale.Harness;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Tests.Core;

public sealed class StructureTests
{
    private sealed record Thing(string Name) : INamed;

    [Fact]
    public void An_index_enumerates_in_ordinal_order_whatever_was_added_and_removed() => Seeds.Run(30, random =>
    {
        var index = new OrdinalIndex<Thing>();
        var plain = new SortedSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < 3_000; i++)
        {
            var name = NameFrom(random);
            if (random.Next(3) > 0) { if (plain.Add(name)) index.Add(new(name)); }
            else Assert.Equal(plain.Remove(name), index.Remove(name));
        }
        Assert.Equal(plain, index.InOrder().Select(t => t.Name));
        var from = NameFrom(random);
        Assert.Equal(plain.Where(n => string.CompareOrdinal(n, from) > 0), index.After(from).Select(t => t.Name));
        Assert.Equal(plain, index.After("").Select(t => t.Name));
        Assert.Equal(plain.Count, index.Count);
    });

    /// <summary>Short and long names, alike in their first characters, with characters that no byte holds and with zeros.</summary>
    private static string NameFrom(Random random) => random.Next(4) switch
    {
        0 => (random.Next(2) == 0 ? "A" : "a") + random.Next(2_000),
        1 => "a-name-that-is-the-same-for-long-" + random.Next(1_000),
        2 => string.Concat(Enumerable.Range(0, random.Next(1, 5)).Select(_ => "\0a\u00fe\u00ff\u0100\u0101\uffff"[random.Next(7)])),
        _ => "a" + (char)random.Next(250, 260) + random.Next(50),
    };

    [Fact]
    public void Seats_keep_order_and_old_pictures_of_them_stay_as_they_were() => Seeds.Run(30, random =>
    {
        var seats = SeatSet.Empty.Copy();
        var plain = new SortedDictionary<string, Seat>(StringComparer.Ordinal);
        var pictures = new List<(SeatSet Then, Seat[] Seats)>();
        for (var i = 0; i < 1_500; i++)
        {
            var who = new ParticipantIdentity(random.Next(2) == 0 ? "p" + random.Next(300) : NameFrom(random));
            var held = seats.Find(who, out var place);
            Assert.Equal(plain.ContainsKey(who.Value), held);
            if (random.Next(3) > 0)
            {
                var seat = new Seat(who, (ulong)i, ParticipantRole.Publisher, i, Epoch.None);
                if (held) seats[place] = seat;
                else seats.Insert(place, seat);
                plain[who.Value] = seat;
            }
            else if (plain.Remove(who.Value)) seats.RemoveAt(place);
            Assert.Equal(plain.GetValueOrDefault(who.Value), seats.TryGet(who, out var found) ? found : null);
            if (i % 100 == 0) pictures.Add((seats.Copy(), [.. plain.Values]));
        }
        Assert.Equal(plain.Values, seats.InOrder());
        Assert.Equal(plain.Count, seats.Count);
        Assert.All(pictures, p => Assert.Equal(p.Seats, p.Then.InOrder()));
        Assert.Equal(0, SeatSet.Empty.Count);
    });

    [Fact]
    public void A_snapshot_taken_is_not_changed_by_what_follows()
    {
        var (bed, world) = (new Bed(), new RandomWorld(new Random(5), updates: false));
        for (var i = 0; i < 300; i++) bed.Do(world.Next(bed));
        var captured = bed.State.Capture();
        var before = Bed.SnapshotOf(Bed.Fold(bed.Events)); // of another state, so that nothing is shared with this one
        for (var i = 0; i < 300; i++) bed.Do(world.Next(bed));
        using var stream = new MemoryStream();
        captured.WriteTo(stream);
        Assert.Equal(before, stream.ToArray());
        Assert.NotEqual(before, Bed.SnapshotOf(bed.State));
    }

    [Fact]
    public void Damaged_snapshots_are_refused_and_never_half_believed() => Seeds.Run(300, random =>
    {
        var (bed, world) = (new Bed(), new RandomWorld(new Random(5), updates: false));
        for (var i = 0; i < 60; i++) bed.Do(world.Next(bed));
        var bytes = Bed.SnapshotOf(bed.State);
        var cut = random.Next(bytes.Length);
        Assert.ThrowsAny<Exception>(() => CapturedState.Restore(new MemoryStream(bytes[..cut])));
    });
}
