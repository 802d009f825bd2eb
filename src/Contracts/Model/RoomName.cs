using System.Text;

namespace VideoScale.Model;

/// <summary>
/// What a room is called by those who use it: any text of 1 to 256 octets. Streams, files and requests name it by an id that follows
/// <see cref="NameRule"/>: the name itself where it does so too, else a digest of it.
/// </summary>
public static class RoomName
{
    public const int MaxOctets = 256;
    public const string Text = "1 to 256 octets of UTF-8";

    /// <summary>Two names never share an id: what looks like the digest of another name is digested too.</summary>
    public static RoomId IdOf(string name) => new(NameRule.Accepts(name) && !DerivedName.HasForm(name) ? name : DerivedName.Of(name));

    /// <summary>The room that a request means: by its id, or by its name where that is none.</summary>
    public static RoomId Find(string idOrName) => NameRule.Accepts(idOrName) ? new(idOrName) : IdOf(idOrName);

    public static Failure? Check(string field, string name) =>
        name.Length > 0 && name.Length <= MaxOctets && Encoding.UTF8.GetByteCount(name) <= MaxOctets ? null
        : Failure.InvalidArgument($"{field}: \"{Shown(TextLimits.Shown(name))}\" breaks the rule: {Text}");

    /// <summary>For lines that people read: no character of it moves their cursor.</summary>
    public static string Shown(string name) =>
        name.Any(char.IsControl) ? string.Concat(name.Select(static c => char.IsControl(c) ? '\uFFFD' : c)) : name;
}
