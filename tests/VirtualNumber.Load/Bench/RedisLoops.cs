using System.Security.Cryptography;
using Grpc.Core;
using StackExchange.Redis;
using VirtualNumber.Leasing;
using VirtualNumber.Protocol;
using VirtualNumber.Redis;
using VirtualNumber.Sealing;

namespace VirtualNumber.Load.Bench;

/// <summary>What Redis costs through the same client without a service around it: what a verb is compared with.</summary>
internal sealed class RedisLoops(IConnectionMultiplexer connection)
{
    /// <summary>One HGET of a live lease's record: what a look-up reads.</summary>
    public const string HashGet = "hget";

    /// <summary>The two scripts of a lease, claim and take, with everything prepared that can be.</summary>
    public const string LeaseScripts = "lease scripts";

    /// <summary>Blocks of these loops' own begin here: the service counts from 1.</summary>
    private const uint FirstOwnBlock = 1_000_000;

    private const int NumbersPerBlock = 10_000;
    private const int SlotsPerScript = 1_000;
    private const int LogLength = 1_000;

    /// <summary>More than can be leased in a second.</summary>
    private const int FreePerSecond = 30_000;

    private static readonly Pool s_pool = new("bench", "bench", PoolMode.Direct, "999", 4, TimeSpan.FromDays(1), true, DateTimeOffset.UnixEpoch, Version: 1);
    private static readonly PhoneNumber s_number = PhoneNumber.FromCanonical("999:8880000000");
    private static readonly Script s_stock = Script.Alone("Stock");
    private static readonly Script s_claim = Script.OnLedger("Claim");
    private static readonly Script s_take = Script.OnBlock("Take");

    private readonly IDatabase _database = connection.GetDatabase();
    private readonly byte[] _sealedNumber = RandomNumberGenerator.GetBytes(NumberSealer.SealedLength);
    private readonly ProtocolBounds _bounds = new();
    private long _stocked;
    private long _leased;

    /// <summary>What is done over and over.</summary>
    public async Task<Func<Task>> PrepareAsync(LoopRequest request)
    {
        if (request.Kind == HashGet)
            return () => HashGetAsync(request.Leases);
        while (_stocked - Interlocked.Read(ref _leased) < request.Seconds * FreePerSecond)
            await StockAsync();
        return LeaseAsync;
    }

    private async Task HashGetAsync(int leases)
    {
        var lease = Random.Shared.Next(leases);
        var record = await _database.HashGetAsync(Keys.Routes((uint)(lease / NumbersPerBlock) + 1), RedisStore.IndexText((uint)(lease % NumbersPerBlock)));
        if (record.IsNull)
            throw new RpcException(new Status(StatusCode.Internal, "A live lease has no record."));
    }

    private async Task StockAsync()
    {
        var keys = Keys.OfBlock(BlockOf(_stocked));
        for (var first = 0; first < NumbersPerBlock; first += SlotsPerScript)
            await _database.ScriptEvaluateAsync(s_stock.Text, keys, [Ms(TimeProvider.System.GetNow()), LogLength, "bench", first, SlotsPerScript]);
        _stocked += NumbersPerBlock;
    }

    private async Task LeaseAsync()
    {
        var block = BlockOf(Interlocked.Increment(ref _leased) - 1);
        var now = TimeProvider.System.GetNow();
        var claim = new Claim(ClaimId.Create(CryptographicRandom.Instance), block, now);
        var delivery = new Digest(RandomNumberGenerator.GetBytes(Digest.Length));
        await _database.ScriptEvaluateAsync(
            s_claim.Text,
            [Keys.Ledger(delivery)],
            [Ms(now), 1, RecordFormat.Pack(new RequestMark(delivery, delivery)), LedgerFormat.Pack(claim), Ms(now.AddDays(120)), Array.Empty<byte>()]);
        var step = new TakeStep(claim, delivery, DeliveryRole.Recipient, 0, now.AddDays(30), _sealedNumber, delivery);
        var record = step.ToRecord(s_pool, slot: 0, s_number, now);
        var taken = (RedisResult[])(await _database.ScriptEvaluateAsync(
            s_take.Text,
            Keys.OfBlock(block),
            [
                Ms(now), LogLength, claim.Id.ToArray(), Ms(now), (long)_bounds.TakeWindow.TotalMilliseconds,
                (long)_bounds.ClosedKept.TotalMilliseconds, (long)_bounds.LeastAging.TotalMilliseconds, RecordFormat.Pack(record),
            ]))!;
        if ((string)taken[0]! != "taken")
            throw new RpcException(new Status(StatusCode.Internal, $"A lease was refused: {(string?)taken[0]}."));
    }

    private static uint BlockOf(long slot) => FirstOwnBlock + (uint)(slot / NumbersPerBlock);

    private static RedisValue Ms(DateTimeOffset instant) => instant.ToUnixTimeMilliseconds();
}
