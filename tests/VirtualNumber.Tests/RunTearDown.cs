using VirtualNumber.Tests.Redis;

namespace VirtualNumber.Tests;

/// <summary>Stops what the whole run started.</summary>
[SetUpFixture]
internal sealed class RunTearDown
{
    [OneTimeTearDown]
    public Task StopAsync() => Task.WhenAll(RedisStoreUnderTest.Single.StopAsync(), RedisStoreUnderTest.Cluster.StopAsync());
}
