using VirtualNumber.Leasing;
using VirtualNumber.Protocol;
using VirtualNumber.Sealing;

namespace VirtualNumber.Load.Fuzz;

/// <summary>Texts for the parsers of telephone numbers, vendor codes, lease ids and page tokens, with no wire in between.</summary>
internal sealed class TextInput : FuzzInput
{
    private static readonly KeyRing s_ring = KeyRing.CreateThrowAway();
    private static readonly LeaseIdCodec s_leaseIds = new(s_ring);
    private static readonly PageTokens s_tokens = new(new TokenSealer(s_ring), new BlindIndex(s_ring));

    private static readonly string[] s_numbers =
    [
        "+8613800138000", "13800138000", "021-12345678", "(010) 1234 5678", "4008001234", "70012345678", "95588", "16210020001-1234", "tel:+86-138-0013-8000",
        "+1 (202) 555-0143", "+99912345678", "0086 138 0013 8000", "+86 138 0013 8000 ext. 123", "16210020001,1234#",
    ];

    private static readonly string[] s_countries = ["86", "1", "999", "44", "7"];

    private readonly string _text;
    private readonly string _country;
    private readonly int _parser;

    public TextInput(ValidRequests valid, Random random)
    {
        _parser = random.Next(10);
        _country = s_countries[random.Next(s_countries.Length)];
        var text = _parser switch
        {
            7 => s_leaseIds.Encode(new LeaseLocator((uint)random.Next(), (uint)random.Next(), random.NextInt64(LeaseLocator.MaxEpoch))),
            8 => s_tokens.Write(new RecordCursor(random.Next(), random.Next()), "t", "p"),
            9 => "20M",
            _ => s_numbers[random.Next(s_numbers.Length)],
        };
        for (var changes = random.Next(0, 4); changes > 0; changes--)
            text = HostileTexts.InPlaceOf(text, random);
        _text = text;
    }

    public override string Describe() =>
        $"parser {_parser}, country {_country}, text {string.Join(' ', _text.Take(200).Select(c => ((int)c).ToString("X4", System.Globalization.CultureInfo.InvariantCulture)))}";

    public override Task<string> SendAsync(FuzzTarget target, CancellationToken cancellation)
    {
        try
        {
            return Task.FromResult(Parse());
        }
        catch (Exception exception) when (exception is not FuzzFaultException)
        {
            throw new FuzzFaultException($"The parser threw: {exception}");
        }
    }

    private string Parse()
    {
        switch (_parser)
        {
            case 6:
                return VendorStatus.Map((Vendor)(1 + (_text.Length % 4)), _text).Known ? "code known" : "code unknown";
            case 7:
                if (!s_leaseIds.TryDecode(_text, out var locator, out _))
                    return "id refused";
                return s_leaseIds.TryDecode(s_leaseIds.Encode(locator), out var again, out _) && again == locator
                    ? "id read"
                    : throw new FuzzFaultException("A lease id is not what it was read as.");
            case 8:
                _ = s_tokens.TryReadText(_text, out _, "t", "p");
                return s_tokens.TryRead(_text, out _, "t", "p") ? "token read" : "token refused";
            case 9:
                return Hosting.CallDeadline.TryRead(_text, out var timeout) && timeout < TimeSpan.Zero
                    ? throw new FuzzFaultException("A time-out is negative.")
                    : "time-out";
            case 5:
                if (!PhoneNumber.TryParseDialled(_text, _country, out var dialled, out _))
                    return "dialled refused";
                Check(dialled.Number);
                _ = dialled.Printed;
                return "dialled read";
            default:
                if (!PhoneNumber.TryParse(_text, _country, out var number, out _))
                    return "number refused";
                Check(number);
                return "number read";
        }
    }

    /// <summary>What was read is read the same again, however it is written, and its mask hides it.</summary>
    private static void Check(PhoneNumber number)
    {
        if (PhoneNumber.FromCanonical(number.Canonical) != number)
            throw new FuzzFaultException("The canonical form is another number.");
        if (number.E164 is { } e164 && (!PhoneNumber.TryParse(e164, "86", out var again, out _) || again != number))
            throw new FuzzFaultException("The E.164 form is another number.");
        if (!PhoneNumber.TryParse(number.TelUri, "86", out var uri, out _) || uri != number)
            throw new FuzzFaultException("The tel URI is another number.");
        if (number.Mask().Contains(number.NationalNumber, StringComparison.Ordinal))
            throw new FuzzFaultException("The mask shows the number.");
    }
}
