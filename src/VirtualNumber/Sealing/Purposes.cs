using System.Text;

namespace VirtualNumber.Sealing;

/// <summary>What a purpose may be: a short constant of the code.</summary>
internal static class Purposes
{
    public const int MaxLength = 64;

    public static void Check(string purpose)
    {
        ArgumentException.ThrowIfNullOrEmpty(purpose);
        if (purpose.Length > MaxLength || !Ascii.IsValid(purpose))
        {
            throw new ArgumentException($"A purpose has at most {MaxLength} characters, all of ASCII.", nameof(purpose));
        }
    }
}
