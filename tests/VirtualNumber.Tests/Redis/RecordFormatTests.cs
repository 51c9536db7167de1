using StackExchange.Redis;
using VirtualNumber.Leasing;
using VirtualNumber.Protocol;
using VirtualNumber.Redis;
using VirtualNumber.Sealing;
using VirtualNumber.Tests.Leasing;
using VirtualNumber.Tests.Protocol;

namespace VirtualNumber.Tests.Redis;

/// <summary>What is packed is read again, by the service and by the scripts, and has the size that the memory of Redis is planned by.</summary>
public sealed class RecordFormatTests
{
    private const int Sealed = 53;

    private static readonly Pool s_pool = StoreTests.PoolOf("pool", StoreTests.Hour);
    private static readonly BlockEntry s_block = new(id: 1, new PoolEntry(s_pool), "70000", bucket: null, area: "");
    private static readonly PhoneNumber s_number = StoreTests.RealNumber(1);

    /// <summary>Runs what all scripts share on a record, and answers it packed anew.</summary>
    private static readonly string s_recode = Scripts.Read("Record") + "return encode(decode(ARGV[3]))";

    [Test]
    public async Task A_record_is_read_as_it_was_packed_by_the_service_and_by_the_scripts([Range(1, 60)] int seed)
    {
        var record = RecordOf(new SeededRandom((ulong)seed));
        var packed = RecordFormat.Pack(record);
        var database = (await RedisStoreUnderTest.Single.GetConnectionAsync()).GetDatabase();

        Assert.That(Unpack(packed), Is.EqualTo(record));
        Assert.That((byte[]?)await database.ScriptEvaluateAsync(s_recode, [Keys.Routes(1)], [0, 0, packed]), Is.EqualTo(packed));
    }

    [Test]
    public void A_record_takes_118_bytes_where_there_is_nothing_to_tell_of_besides()
    {
        var plain = RecordOf(new SeededRandom(1)) with { Pair = null, Floor = null, Extensions = [], Reassignments = [], Rules = CallRules.None };
        var pair = plain with { Pair = new PairSide(StoreTests.DigestOf("peer"), new byte[Sealed], CallDirection.Both) };

        Assert.That(RecordFormat.Pack(plain), Has.Length.EqualTo(118));
        Assert.That(RecordFormat.Pack(plain with { Rules = new() { Allowed = CallerSet.Of([1, 2]) } }), Has.Length.EqualTo(118 + 2 + 2 + (2 * 16) + 2));
        // The digest of what was leased, the direction and two marks, the peer and its number.
        Assert.That(RecordFormat.Pack(pair), Has.Length.EqualTo(118 + 16 + 3 + 16 + 1 + Sealed));
    }

    [Test]
    public async Task A_form_that_is_not_known_is_refused()
    {
        var packed = RecordFormat.Pack(RecordOf(new SeededRandom(1)));
        packed[0] = 5;
        var database = (await RedisStoreUnderTest.Single.GetConnectionAsync()).GetDatabase();

        Assert.That(() => Unpack(packed), Throws.TypeOf<StoreUnavailableException>());
        Assert.That(
            async () => await database.ScriptEvaluateAsync(s_recode, [Keys.Routes(1)], [0, 0, packed]),
            Throws.TypeOf<RedisServerException>().With.Message.StartsWith("VNFORM"));
    }

    [Test]
    public void A_record_with_rules_has_a_form_that_says_so()
    {
        var record = RecordOf(new SeededRandom(1)) with { Rules = CallRules.None };
        var plain = RecordFormat.Pack(record with { Pair = null });
        var ruled = RecordFormat.Pack(record with { Pair = null, Rules = new() { Allowed = CallerSet.Empty } });
        var pair = record with { Pair = new PairSide(StoreTests.DigestOf("peer"), new byte[Sealed], CallDirection.Both) };
        Assert.That(
            (plain[0], ruled[0], RecordFormat.Pack(pair)[0], RecordFormat.Pack(pair with { Rules = new() { Allowed = CallerSet.Empty } })[0]),
            Is.EqualTo(((byte)1, (byte)3, (byte)2, (byte)4)));

        Assert.That(() => Unpack(ruled[..plain.Length]), Throws.TypeOf<StoreUnavailableException>(), "Without them it connects nobody.");
        ruled[0] = 1;
        Assert.That(() => Unpack(ruled), Throws.TypeOf<StoreUnavailableException>());
    }

    [Test]
    public void Rules_of_a_form_that_is_not_known_are_refused()
    {
        var record = RecordOf(new SeededRandom(1)) with { Rules = CallRules.None };
        var packed = RecordFormat.Pack(record with { Rules = new() { Allowed = CallerSet.Empty } });
        packed[RecordFormat.Pack(record).Length]++;

        Assert.That(() => Unpack(packed), Throws.TypeOf<StoreUnavailableException>());
    }

    private static LeaseRecord Unpack(byte[] packed) => RecordFormat.Unpack(packed, s_block, 2, s_number);

    private static LeaseRecord RecordOf(SeededRandom random)
    {
        DateTimeOffset Instant() => StoreTests.T0 + TimeSpan.FromMilliseconds(random.Next(int.MaxValue));
        Digest AnyDigest() => StoreTests.DigestOf($"{random.Next(int.MaxValue)}");
        RequestMark[] Marks(int most) => [.. Enumerable.Range(0, random.Next(most + 1)).Select(_ => new RequestMark(AnyDigest(), AnyDigest()))];
        byte[] Bytes(int length)
        {
            var bytes = new byte[length];
            random.Fill(bytes);
            return bytes;
        }

        var number = AnyDigest();
        var (extensions, reassignments, pair) = (Marks(3), Marks(LeaseRecord.MostReassignments), random.Next(3));
        return new LeaseRecord
        {
            TenantId = s_pool.TenantId,
            PoolId = s_pool.PoolId,
            Block = s_block.Id,
            Slot = 2,
            Number = s_number,
            Claim = ClaimId.Create(random),
            Delivery = AnyDigest(),
            Role = (DeliveryRole)(1 + random.Next(3)),
            LeaseTime = Instant(),
            ExpireTime = Instant(),
            Floor = extensions.Length > 0 ? Instant() : null,
            ReportNumber = random.Next(int.MaxValue),
            End = (EndReason)random.Next(3),
            SealedNumber = Bytes(Sealed),
            NumberDigest = number,
            // Without a pair the number at the take is kept only where it is another by now.
            LeasedDigest = pair > 0 || reassignments.Length > 0 ? AnyDigest() : number,
            Pair = pair switch
            {
                0 => null,
                1 => new PairSide(null, ReadOnlyMemory<byte>.Empty, (CallDirection)(1 + random.Next(3))),
                _ => new PairSide(AnyDigest(), Bytes(Sealed), (CallDirection)(1 + random.Next(3)), random.Next(2) == 0 ? Instant() : null),
            },
            Rules = random.Next(2) == 0 ? CallRules.None : CallRulesFormatTests.RulesOf(random),
            Extensions = [.. extensions],
            Reassignments = [.. reassignments],
        };
    }
}
