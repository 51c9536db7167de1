using VirtualNumber.Redis;

namespace VirtualNumber.Tests.Redis;

/// <summary>What is read from the configuration string.</summary>
public sealed class RedisConnectionTests
{
    [TestCase("127.0.0.1:6379", 1)]
    [TestCase("127.0.0.1:7000,127.0.0.1:7001,127.0.0.1:7002", 3)]
    [TestCase("127.0.0.1,password=secret,ssl=false", 1)]
    public void Addresses_and_options_are_read_and_the_service_waits_for_a_Redis_that_is_away(string configuration, int addresses)
    {
        var options = RedisConnection.Parse(configuration)!;
        Assert.That((options.EndPoints.Count, options.AbortOnConnectFail), Is.EqualTo((addresses, false)));
    }

    [TestCase("127.0.0.1:6379,abortConnect=true")]
    public void It_waits_also_where_the_string_says_otherwise(string configuration) =>
        Assert.That(RedisConnection.Parse(configuration)!.AbortOnConnectFail, Is.False);

    [Test]
    public void What_the_string_says_goes_before_the_defaults()
    {
        var options = RedisConnection.Parse("127.0.0.1:6379,name=mine,connectTimeout=700")!;
        Assert.That((options.ClientName, options.ConnectTimeout), Is.EqualTo(("mine", 700)));
        options = RedisConnection.Parse("127.0.0.1:6379")!;
        Assert.That((options.ClientName, options.ConnectTimeout), Is.EqualTo(("virtual-number", 2_000)));
    }

    [TestCase("")]
    [TestCase("password=secret")]
    [TestCase("127.0.0.1:6379,syncTimeout=soon,password=secret")]
    [TestCase("127.0.0.1:6379,ssl=perhaps,password=secret")]
    [TestCase("127.0.0.1:6379,sll=true,password=secret")]
    [TestCase("127.0.0.1:6379,pasword=secret")]
    public void What_cannot_be_read_is_told_without_repeating_it(string configuration)
    {
        Assert.That(RedisConnection.Parse(configuration), Is.Null);
        var fault = Assert.ThrowsAsync<ArgumentException>(() => RedisConnection.ConnectAsync(configuration));
        Assert.That(fault!.ToString(), Does.Not.Contain("secret"));
    }
}
