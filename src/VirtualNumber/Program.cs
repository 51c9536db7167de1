using Microsoft.AspNetCore.Connections;
using VirtualNumber.Hosting;

if (args is ["keys", .. var keys])
    return await KeyCommands.RunAsync(keys, TimeProvider.System);

try
{
    var builder = WebApplication.CreateBuilder(args);
    var settings = Settings.Read(builder.Configuration);
    builder.ListenOnLoopback(settings.Listen);
    builder.LimitTransport(settings.Overload);
    builder.Services
        .AddTelemetry(builder.Configuration)
        .AddRules(settings)
        .AddVerbs()
        .AddApi();
    await builder.Services.AddStoreAsync(settings);

    await using var app = builder.Build();
    app.MapApi();
    app.WarnOfEmbeddedStore();
    await app.StartAsync();
    if (app.Environment.IsDevelopment())
        await Demo.StockAsync(app);
    await app.WaitForShutdownAsync();
    return 0;
}
catch (Exception refusal) when (refusal is StartRefusedException || refusal.InnerException is AddressInUseException)
{
    await Console.Error.WriteLineAsync($"Virtual Number does not start. {refusal.Message}");
    return 1;
}
