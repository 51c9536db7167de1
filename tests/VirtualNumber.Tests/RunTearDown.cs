using VirtualNumber.Tests.Redis;

namespace VirtualNumber.Tests;

/// <summary>Stops what the whole run started.</summary>
[SetUpFixture]
internal sealed class RunTearDown
{
    [OneTimeTearDown]
    public async Task StopAsync() => await RedisStoreUnderTest.StopAsync();
}
