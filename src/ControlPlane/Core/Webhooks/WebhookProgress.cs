using System.Collections.Immutable;
using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Fields;

namespace VideoScale.ControlPlane.Webhooks;

/// <summary>What has come about since a webhook's record was written last.</summary>
/// <param name="Position">As from now on.</param>
/// <param name="Delivered">Messages taken since.</param>
/// <param name="Held">All that are held now.</param>
/// <param name="Dead">Given up since.</param>
/// <param name="Settled">Replayed ones that were taken: no dead letters any more.</param>
/// <param name="Returned">Replayed ones that were not: dead letters again.</param>
public sealed record WebhookProgress(
    ulong Position, ulong Delivered, ImmutableArray<HeldRoom> Held, ImmutableArray<DeadLetter> Dead, ImmutableArray<MessageRef> Settled,
    ImmutableArray<MessageRef> Returned)
{
    public void Describe(FieldSink sink)
    {
        sink.Number("position", Position);
        sink.Number("delivered", Delivered);
        HeldRoom.Describe(sink, Held);
        DeadLetter.Describe(sink, Dead);
        MessageRef.Describe(sink, "settled", Settled);
        MessageRef.Describe(sink, "returned", Returned);
    }

    public static WebhookProgress Read(ref CanonicalReader r) => new(r.ReadUInt64(), r.ReadUInt64(), HeldRoom.ReadAll(ref r),
        DeadLetter.ReadAll(ref r), MessageRef.ReadAll(ref r), MessageRef.ReadAll(ref r));

    public WebhookRecord ApplyTo(WebhookRecord record)
    {
        var (settled, returned) = (Settled, Returned);
        return record with
        {
            Position = Position,
            Delivered = record.Delivered + Delivered,
            Held = Held,
            Dead =
            [
                .. record.Dead.Where(letter => !settled.Contains(letter.Message))
                    .Select(letter => returned.Contains(letter.Message) ? letter with { IsReplayed = false } : letter),
                .. Dead.Where(letter => !record.Dead.Any(known => known.Message == letter.Message)),
            ],
        };
    }
}
