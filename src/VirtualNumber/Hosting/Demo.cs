using System.Net;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using VirtualNumber.Leasing;
using VirtualNumber.Memory;
using VirtualNumber.Protocol;

namespace VirtualNumber.Hosting;

/// <summary>
/// In Development: a stocked pool, and lines to paste, once the service listens. The tenant and the gateway come from appsettings.Development.json.
/// </summary>
internal static class Demo
{
    private const string Tenant = "demo";
    private const string PoolId = "demo";

    /// <summary>Stocks the demo pool with a block of 11-digit numbers and a 700 block, where it is not yet, and prints the lines.</summary>
    public static async Task StockAsync(WebApplication app)
    {
        var stock = app.Services.GetRequiredService<INumberStock>();
        var now = app.Services.GetRequiredService<TimeProvider>().GetUtcNow();
        var pool = new Pool(Tenant, PoolId, PoolMode.Direct, PhoneNumber.China, 4, TimeSpan.FromDays(7), false, now, Version: 1);
        try
        {
            await stock.CreatePoolAsync(pool, CancellationToken.None);
            await stock.AddNumbersAsync(pool, new NumberSelection(["1621001", "70012345678"], []), now, CancellationToken.None);
            Console.Write(Lines(AddressOf(app), now, forgets: app.Services.GetService<EmbeddedStore>() is not null));
        }
        catch (StoreUnavailableException exception)
        {
            Console.WriteLine($"The demo pool is not stocked: {exception.Message} Start this again once that is mended.");
        }
    }

    private static string AddressOf(WebApplication app)
    {
        var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
        return addresses.First();
    }

    private static string Lines(string address, DateTimeOffset now, bool forgets)
    {
        (string Title, string Method, string Json)[] calls =
        [
            ("lease a number for a parcel", "LeaseService/CreateLease",
                """{"tenant_id":"demo","pool_id":"demo","request_id":"first","delivery":{"carrier":"SF","waybill_number":"SF1001"},"role":"DELIVERY_ROLE_RECIPIENT","real_number":"+99912345678"}"""),
            ("report that it was picked up", "LeaseService/ReportDeliveryStatus",
                $$$"""{"tenant_id":"demo","delivery":{"carrier":"SF","waybill_number":"SF1001"},"status":"DELIVERY_STATUS_PICKED_UP","event_time":"{{{now.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ}}}"}"""),
            ("ask where a call goes, as a gateway", "RoutingService/Resolve",
                """{"gateway_id":"demo-gateway","call_id":"call-1","called_number":"16210010000","caller_number":"+99987654321"}"""),
            ("list the pool's leases, as an operator", "OpsService/ListLeases",
                """{"tenant_id":"demo","pool_id":"demo"}"""),
            ("count the stock", "OpsService/GetStats",
                """{"tenant_id":"demo","pool_id":"demo"}"""),
        ];
        var host = new Uri(address).Authority;
        var option = host == $"{IPAddress.Loopback}:5080" ? "" : $" --address http://{host}";
        var own = calls.Select(call => $"# {call.Title}\ndotnet run --project tests/VirtualNumber.Load -- call {call.Method} '{call.Json}'{option}\n");
        var buf = calls.Select(call => $"buf curl --reflect --protocol grpc --http2-prior-knowledge -d '{call.Json}' http://{host}/virtualnumber.v1.{call.Method}\n");
        return $"""

            The pool "demo" has 20,000 numbers. In another terminal, from the root of the repository:

            {string.Join('\n', own)}
            The same with buf (npm @bufbuild/buf), which asks the service for its descriptors:

            {string.Join("", buf)}
            {(forgets ? "The embedded store forgets everything when this process exits." : "Redis keeps what is leased when this process exits.")}


            """;
    }
}
