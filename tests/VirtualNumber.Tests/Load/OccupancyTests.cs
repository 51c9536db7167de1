using VirtualNumber.Leasing;
using VirtualNumber.Load.Bench;
using VirtualNumber.Sealing;

namespace VirtualNumber.Tests.Load;

/// <summary>What the bench of occupancy measures: not how long it takes, but that each round finds the level that its figures are told for.</summary>
internal sealed class OccupancyTests
{
    private const int Places = Pool.MostPlacesPerBlock;
    private const int Percent = 99;

    [Test]
    public async Task Every_round_finds_the_pool_at_its_level([Values] PoolMode mode)
    {
        using var keys = KeyRing.CreateThrowAway();
        var bed = new OccupancyBed(OccupancyBench.EmbeddedStoreOf(keys), mode, Percent, Places, couriers: 1_000);
        await bed.PrepareAsync(CancellationToken.None);
        await ShouldBeAtLevelAsync();
        Assert.That(await bed.MeasureVerbAsync(CancellationToken.None), Has.Property(nameof(OccupancyRound.Elapsed)).Positive);
        await ShouldBeAtLevelAsync();
        Assert.That(await bed.MeasureStepsAsync(CancellationToken.None), Has.Property(nameof(OccupancyRound.Elapsed)).Positive);
        await ShouldBeAtLevelAsync();

        async Task ShouldBeAtLevelAsync()
        {
            var counts = await bed.CountAsync(CancellationToken.None);
            Assert.Multiple(() =>
            {
                Assert.That(counts.Stocked, Is.EqualTo(Places));
                Assert.That(counts.Leased, Is.EqualTo(bed.Filled));
                Assert.That(counts.Leased + (bed.LeasesPerRound / 2), Is.EqualTo(Places * Percent / 100));
                // Nothing ages: what the last round released can be leased by the next.
                Assert.That(counts.Available, Is.EqualTo(Places - counts.Leased));
            });
        }
    }
}
