using System.Globalization;

namespace VirtualNumber.Hosting;

/// <summary>
/// Gives a call a deadline that has none, or a later one than is allowed here, by the header that callers give it with: so it is the
/// gRPC server's own deadline, honoured down to the store, whoever asked for it.
/// </summary>
internal sealed class CallDeadline(TimeSpan longest)
{
    /// <summary>The header holds at most eight digits.</summary>
    private const int MostDigits = 8;

    /// <summary>In a stream's user state how long it may last: its deadline is an instant of the server's clock, which need not be the handler's.</summary>
    public static readonly object StreamTime = new();

    private readonly string _longest = ((long)Math.Ceiling(longest.TotalSeconds)).ToString(CultureInfo.InvariantCulture) + "S";

    /// <summary>Sees to it; answers how long the call may last.</summary>
    public TimeSpan ApplyTo(IHeaderDictionary headers)
    {
        // A malformed one is no deadline to the server, and so it is none here.
        if (TryRead(headers.GrpcTimeout, out var asked) && asked <= longest)
            return asked;
        headers.GrpcTimeout = _longest;
        return longest;
    }

    /// <summary>Reads a <c>grpc-timeout</c>: at most eight digits and a unit.</summary>
    internal static bool TryRead(string? text, out TimeSpan timeout)
    {
        timeout = default;
        if (text is null || text.Length is < 2 or > MostDigits + 1
            || !long.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var count))
        {
            return false;
        }

        switch (text[^1])
        {
            case 'H':
                timeout = count > TimeSpan.MaxValue.TotalHours ? TimeSpan.MaxValue : TimeSpan.FromHours(count);
                return true;
            case 'M':
                timeout = TimeSpan.FromMinutes(count);
                return true;
            case 'S':
                timeout = TimeSpan.FromSeconds(count);
                return true;
            case 'm':
                timeout = TimeSpan.FromMilliseconds(count);
                return true;
            case 'u':
                timeout = TimeSpan.FromMicroseconds(count);
                return true;
            case 'n':
                timeout = TimeSpan.FromTicks(count / TimeSpan.NanosecondsPerTick);
                return true;
            default:
                return false;
        }
    }
}
