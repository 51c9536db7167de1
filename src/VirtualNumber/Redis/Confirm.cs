using System.Globalization;
using StackExchange.Redis;
using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Redis;

internal sealed partial class RedisStore
{
    private static readonly BlockScripts s_confirm =
        new(Script.OnBlock("Confirm", "Takeover", "Rest"), Script.OnSharedBlock("ConfirmShared", "Takeover", "RestShared"));

    private static readonly Script s_discard = Script.OnAnyBlock("Discard");

    /// <inheritdoc/>
    /// <remarks>
    /// The block first, then the registry, from which all instances learn that the bar is lifted. Whatever is cut off is done again by the
    /// repeat; until the end the block stays barred.
    /// </remarks>
    public async ValueTask<int> ConfirmBlocksAsync(Pool pool, BlockConfirmation confirmation, DateTimeOffset now, CancellationToken cancellation)
    {
        var confirmed = 0;
        foreach (var barred in await ListBarredBlocksAsync(pool, now, cancellation))
        {
            if (confirmation.Blocks?.Contains(barred.Block) == false || (!barred.Bar.IsWhole && !confirmation.LeaseAtOnce))
                continue;
            await ConfirmAsync(registry.BlockOf(barred.Block), barred.Bar, confirmation, now, cancellation);
            confirmed++;
        }

        return confirmed;
    }

    private async Task ConfirmAsync(
        RedisBlock block, BlockBar bar, BlockConfirmation confirmation, DateTimeOffset now, CancellationToken cancellation)
    {
        // Beside the registry's word, so that what is asked here is asked of the block as it is.
        var fresh = new RedisBlock(block.Entry, calls.Generation);
        if (bar.Reason == BarReason.OtherBlock)
            await RunMarkedAsync(s_discard, fresh, now, cancellation, IdentityOf(block.Entry));
        if (bar.Reason is BarReason.DataLost or BarReason.OtherBlock
            || !await calls.CallAsync(database => database.KeyExistsAsync(fresh.Meta, RedisCalls.Primary), cancellation))
        {
            await FillAsync(fresh, 0, block.Entry.NumberCount, now, lastEnd: now, cancellation);
        }

        var which = string.Create(CultureInfo.InvariantCulture, $"{bar.Reason} {bar.Time.ToUnixTimeMilliseconds()}");
        var (mark, answer) = await RunMarkedAsync(
            s_confirm.For(fresh), fresh, now, cancellation, [which, Ms(block.Pool.Aging), .. CautionOf(fresh, confirmation)]);
        var from = InstantOf(((RedisResult[])answer!)[0])!.Value;
        var rest = from > now ? new BlockBar(BarReason.LeasesForgotten, bar.Time, from) : null;
        await registry.ChangeAsync<object?>(
            _ => block.Entry.Bar == bar
                ? ([
                    .. block.IsFilled ? (RegistryChange[])[] : [new RegistryChange(Filled: new(block.Id))],
                    new RegistryChange(Confirmed: new(block.Id, mark!.Text, rest)),
                ], null)
                : ([], null),
            cancellation);
    }

    /// <summary>
    /// What forgotten changes may have touched, as the script takes it. Where nobody knows how much was forgotten, all that is not leased rests
    /// from now on: a loss of a whole aging, and as many forgotten leases as there are slots.
    /// </summary>
    private RedisValue[] CautionOf(RedisBlock block, BlockConfirmation confirmation) => block.IsShared
        ? [0, 0, confirmation.LeaseAtOnce ? 1 : 0]
        : confirmation.PossibleLoss is { } loss ? [Ms(loss), Ms(Slack), options.ForgottenLeases] : [Ms(block.Pool.Aging), Ms(Slack), block.Entry.NumberCount];
}
