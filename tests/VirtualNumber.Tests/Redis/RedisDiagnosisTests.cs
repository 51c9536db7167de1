using VirtualNumber.Protocol;
using VirtualNumber.Redis;

namespace VirtualNumber.Tests.Redis;

/// <summary>What the operator is told of a Redis that answers whoever asks, but not this instance. The other faults are in Faults.</summary>
[TestFixture]
internal sealed class RedisDiagnosisTests
{
    [Test]
    public async Task A_Redis_that_is_slow_is_not_called_one_without_a_connection()
    {
        await using var redis = await RedisServer.StartAsync();
        var diagnosis = new RedisDiagnosis(new RedisOptions { Configuration = redis.Configuration });

        var slow = await diagnosis.ExplainAsync(new OperationCanceledException(), CancellationToken.None);
        var silent = await diagnosis.ExplainAsync(new StoreUnavailableException("late", new TimeoutException()) { Trouble = StoreTrouble.Silent }, CancellationToken.None);
        var unconnected = await diagnosis.ExplainAsync(new StoreUnavailableException("none") { Trouble = StoreTrouble.Away }, CancellationToken.None);
        Assert.Multiple(() =>
        {
            Assert.That((slow.Trouble, silent.Trouble, unconnected.Trouble), Is.EqualTo((StoreTrouble.Silent, StoreTrouble.Silent, StoreTrouble.Away)));
            Assert.That(slow.Finding, Does.Contain("not in time").And.EqualTo(silent.Finding));
            Assert.That(unconnected.Finding, Does.Contain("connection to it is not there yet"));
        });
    }
}
