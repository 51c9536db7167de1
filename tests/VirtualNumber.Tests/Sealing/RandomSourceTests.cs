using VirtualNumber.Sealing;

namespace VirtualNumber.Tests.Sealing;

public class RandomSourceTests
{
    private static readonly IRandomSource[] Sources = [CryptographicRandom.Instance, new SeededRandom(42)];

    [Test]
    public void Seeded_bytes_are_the_published_sequence()
    {
        // The first three words of SplitMix64 from seed 1234567, as published with its reference implementation.
        var bytes = new byte[24];
        new SeededRandom(1_234_567).Fill(bytes);
        Assert.That(
            Convert.ToHexStringLower(bytes),
            Is.EqualTo($"{6457827717110365317UL:x16}{3203168211198807973UL:x16}{9817491932198370423UL:x16}"));
    }

    [Test]
    public void Same_seed_replays_and_another_does_not()
    {
        var drawn = Draw(new SeededRandom(5));
        Assert.That(Draw(new SeededRandom(5)), Is.EqualTo(drawn));
        Assert.That(Draw(new SeededRandom(6)), Is.Not.EqualTo(drawn));
    }

    [TestCaseSource(nameof(Sources))]
    public void Numbers_stay_below_the_bound(IRandomSource source)
    {
        foreach (var bound in new[] { 1, 2, 3, 10_000, int.MaxValue })
        {
            for (var i = 0; i < 1_000; i++)
            {
                Assert.That(source.Next(bound), Is.InRange(0, bound - 1));
            }
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => source.Next(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => source.Next(-1));
    }

    [Test]
    public void Seeded_numbers_are_equally_likely()
    {
        var random = new SeededRandom(99);
        var counts = new int[7];
        for (var i = 0; i < 70_000; i++)
        {
            counts[random.Next(counts.Length)]++;
        }

        // Ten thousand expected of each; five standard deviations are 463.
        Assert.That(counts, Is.All.InRange(9_537, 10_463));
    }

    [TestCaseSource(nameof(Sources))]
    public void Whole_destination_is_filled(IRandomSource source)
    {
        foreach (var length in new[] { 1, 7, 8, 9, 31 })
        {
            var touched = new bool[length];
            for (var i = 0; i < 32; i++)
            {
                var bytes = new byte[length];
                source.Fill(bytes);
                for (var place = 0; place < length; place++)
                {
                    touched[place] |= bytes[place] != 0;
                }
            }

            Assert.That(touched, Is.All.True);
        }
    }

    private static int[] Draw(SeededRandom random) => [.. Enumerable.Range(0, 20).Select(_ => random.Next(1_000))];
}
