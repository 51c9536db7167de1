using VirtualNumber.Protocol;
using VirtualNumber.Tests.GrpcOnKestrel;

namespace VirtualNumber.Tests.Protocol;

/// <summary>Many ask, few reads; and nobody is answered by a read that began before he asked.</summary>
public sealed class SharedReadTests
{
    private readonly List<TaskCompletionSource> _reads = [];
    private readonly SemaphoreSlim _started = new(0);
    private SharedRead _read = null!;

    [SetUp]
    public void Make_one()
    {
        _reads.Clear();
        _read = new SharedRead(() =>
        {
            var end = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _reads.Add(end);
            _started.Release();
            return end.Task;
        });
    }

    [Test]
    public async Task Whoever_asks_during_a_read_waits_for_the_next_one_and_all_of_them_for_the_same()
    {
        var first = _read.RunAsync(CancellationToken.None);
        await _started.WaitAsync().Soon();
        var later = Enumerable.Range(0, 1_000).Select(_ => _read.RunAsync(CancellationToken.None)).ToList();

        _reads[0].SetResult();
        await first.Soon();
        await _started.WaitAsync().Soon();
        Assert.That(later.Count(task => task.IsCompleted), Is.Zero, "The first read began before they asked.");

        _reads[1].SetResult();
        await Task.WhenAll(later).Soon();
        Assert.That(_reads, Has.Count.EqualTo(2));
    }

    [Test]
    public async Task A_read_that_fails_fails_those_who_waited_for_it_and_no_others()
    {
        var first = _read.RunAsync(CancellationToken.None);
        await _started.WaitAsync().Soon();
        var second = _read.RunAsync(CancellationToken.None);
        _reads[0].SetException(new InvalidOperationException("of the test"));
        await _started.WaitAsync().Soon();
        _reads[1].SetResult();

        Assert.That(async () => await first.Soon(), Throws.InvalidOperationException);
        await second.Soon();
    }

    [Test]
    public async Task Who_gives_up_leaves_the_read_to_the_others()
    {
        using var impatience = new CancellationTokenSource();
        var impatient = _read.RunAsync(impatience.Token);
        await _started.WaitAsync().Soon();
        var patient = _read.RunAsync(CancellationToken.None);
        await impatience.CancelAsync();
        Assert.That(async () => await impatient.Soon(), Throws.InstanceOf<OperationCanceledException>());

        _reads[0].SetResult();
        await _started.WaitAsync().Soon();
        _reads[1].SetResult();
        await patient.Soon();
    }
}
