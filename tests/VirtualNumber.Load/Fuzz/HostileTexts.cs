namespace VirtualNumber.Load.Fuzz;

/// <summary>Texts that have broken other people's programs, and valid ones with something wrong about them.</summary>
internal static class HostileTexts
{
    private static readonly string[] s_texts =
    [
        "", " ", "\0", "\r\n", "a\r\ngrpc-status: 0", "'", "\"", "\\", "{b1}", "vn:{registry}", "*", "?", "]]", "return redis.call('FLUSHALL')", "%s%n%x",
        "../../etc/passwd", "%00", "${jndi:ldap://x}", "<script>", "\u202E", "\uFEFF", "\u0000\u0001", "\uD800", "\uDFFF\uD800", "\uFFFF", "é", "e\u0301",
        "١٢٣٤٥٦٧٨٩", "１３８００１３８０００", "＋８６", "𝟏𝟑𝟖", "😀", "İ", "ß", "NaN", "-1", "0", "00", "null", "true", "9999999999999999999999",
        "+8613800138000", "008613800138000", "tel:+86-138-0013-8000;ext=1234", "tel:95588;phone-context=+86", "sip:+8613800138000@x;user=phone",
        "+86 (138) 0013-8000 ext. 12", "+999", "+0", "+", "++86", "16210020001-0000", "16210020001,,1234#", "12345678901234567890123456789012345678901234",
        "anonymous", "Anonymous", "demo", "fuzz", "virtualnumber.v1.Lease", ".", "..",
    ];

    /// <summary>Something else in the place of a text.</summary>
    public static string InPlaceOf(string text, Random random) => random.Next(8) switch
    {
        0 or 1 => s_texts[random.Next(s_texts.Length)],
        2 => new string((char)random.Next(1, 0x2000), random.Next(1, 200)),
        3 when random.Next(20) == 0 => new string('9', random.Next(1, 1_000_000)),
        3 => Any(random, random.Next(1, 80)),
        _ => Bent(text, random),
    };

    /// <summary>A text with a sign changed, put in, left out or doubled.</summary>
    public static string Bent(string text, Random random)
    {
        if (text.Length == 0)
            return Any(random, 3);
        var at = random.Next(text.Length);
        return random.Next(6) switch
        {
            0 => text.Remove(at, 1),
            1 => text.Insert(at, Any(random, 1)),
            2 => text.Insert(at, s_texts[random.Next(s_texts.Length)]),
            3 => text[..at] + Any(random, 1) + text[(at + 1)..],
            4 => text + text,
            _ => text[..at],
        };
    }

    /// <summary>Digits and signs of telephone numbers, mostly; now and then any character at all.</summary>
    public static string Any(Random random, int length)
    {
        const string usual = "0123456789012345678901234567890123456789+-() .;=,#*extTELphone-context/０１９";
        return string.Create(length, random, static (span, random) =>
        {
            for (var i = 0; i < span.Length; i++)
                span[i] = random.Next(20) == 0 ? (char)random.Next(0x10000) : usual[random.Next(usual.Length)];
        });
    }
}
