namespace VideoScale.Consensus.Etcd.Rules;

/// <summary>Whether this replica asks for leadership now.</summary>
/// <param name="VacantFor">How long nobody has led, as far as is known here.</param>
/// <param name="Handover">Whom the last leader named.</param>
/// <param name="StandsBack">It has just handed over itself.</param>
internal readonly record struct Candidacy(MemberId Self, TimeSpan? VacantFor, MemberId Handover, bool Abstains, bool StandsBack)
{
    /// <summary>How long the others leave it to the one that was named.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    internal bool Asks => VacantFor is { } vacant && !Abstains && !StandsBack
        && (Handover.IsNone || Handover == Self || vacant >= Patience);
}
