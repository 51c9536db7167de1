using Microsoft.AspNetCore.Connections;
using VirtualNumber.Hosting;

try
{
    var builder = WebApplication.CreateBuilder(args);
    var settings = Settings.Read(builder.Configuration);
    builder.ListenOnLoopback(settings.Listen);
    builder.Services
        .AddTelemetry(builder.Configuration)
        .AddRules(settings)
        .AddEmbeddedStore()
        .AddVerbs()
        .AddApi();

    var app = builder.Build();
    app.MapApi();
    app.WarnOfEmbeddedStore();
    if (app.Environment.IsDevelopment())
        await Demo.StockAsync(app);
    await app.RunAsync();
    return 0;
}
catch (Exception refusal) when (refusal is StartRefusedException || refusal.InnerException is AddressInUseException)
{
    await Console.Error.WriteLineAsync($"Virtual Number does not start. {refusal.Message}");
    return 1;
}
