using System.Diagnostics;
using System.Net;
using VirtualNumber.Load;

namespace VirtualNumber.Tests.Faults;

/// <summary>What an operator, or whoever balances calls, reads at /readyz.</summary>
internal sealed class Readiness(ServiceProcess service) : IDisposable
{
    private static readonly TimeSpan s_askEvery = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(40);

    private readonly HttpClient _http = new() { BaseAddress = service.HttpAddress };

    /// <summary>Asks until it says so; answers how long that took.</summary>
    /// <exception cref="TimeoutException">It never did.</exception>
    public async Task<TimeSpan> UntilAsync(HttpStatusCode code, string text)
    {
        var start = Stopwatch.GetTimestamp();
        using var timer = new PeriodicTimer(s_askEvery);
        while (true)
        {
            var (isCode, isText) = await ReadAsync();
            if (isCode == code && isText.Contains(text, StringComparison.Ordinal))
                return Stopwatch.GetElapsedTime(start);
            if (Stopwatch.GetElapsedTime(start) > s_patience)
                throw new TimeoutException($"/readyz says {isCode} {isText}{Environment.NewLine}{service.Output}");
            await timer.WaitForNextTickAsync();
        }
    }

    /// <summary>Asks until it serves and finds nothing wrong; answers how long that took.</summary>
    public async Task<TimeSpan> UntilSoundAsync()
    {
        var took = await UntilAsync(HttpStatusCode.OK, "ready\n");
        var start = Stopwatch.GetTimestamp();
        using var timer = new PeriodicTimer(s_askEvery);
        while ((await ReadAsync()).Text != "ready\n")
        {
            if (Stopwatch.GetElapsedTime(start) > s_patience)
                throw new TimeoutException(service.Output);
            await timer.WaitForNextTickAsync();
        }

        return took + Stopwatch.GetElapsedTime(start);
    }

    public async Task<(HttpStatusCode Code, string Text)> ReadAsync()
    {
        using var response = await _http.GetAsync(new Uri("/readyz", UriKind.Relative));
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    public void Dispose() => _http.Dispose();
}
