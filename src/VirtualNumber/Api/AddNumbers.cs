using Google.Protobuf.Collections;
using Grpc.Core;
using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Api;

internal sealed partial class OpsService
{
    private const int MostBlocks = 100;
    private const int MostNumbers = 1_000;

    /// <inheritdoc/>
    public override async Task<V1.AddNumbersResponse> AddNumbers(V1.AddNumbersRequest request, ServerCallContext context)
    {
        var faults = new FieldFaults();
        TenantAndPool(request.TenantId, request.PoolId, faults);
        faults.ThrowIfAny();
        var pool = await FindPoolAsync(request.TenantId, request.PoolId, context.CancellationToken);
        var numbers = ReadNumbers(request.Blocks, request.Numbers, "", pool, faults);
        if (request.AreaCode.Length > 0)
            numbers = numbers with { Area = RequestRules.AreaCode(request.AreaCode, faults, "area_code") };
        faults.ThrowIfAny();

        var answer = await stock.AddNumbersAsync(pool, numbers, Now, context.CancellationToken);
        if (answer.OverlappingBlocks.Count + answer.OverlappingNumbers.Count > 0)
        {
            throw NumbersFault(
                V1.ErrorReason.NumbersOverlap,
                StatusCode.AlreadyExists,
                "Overlaps with a block or number that a pool has, or that this one has in another area.",
                [("blocks", answer.OverlappingBlocks), ("numbers", answer.OverlappingNumbers)]);
        }

        Log.Changed(logger, "add", pool.PoolId, pool.TenantId, answer.Added);
        return new V1.AddNumbersResponse { AddedCount = answer.Added, PresentCount = answer.Present };
    }

    /// <summary>Blocks and single numbers of a pool's country; all faults are noted by position.</summary>
    private static NumberSelection ReadNumbers(
        RepeatedField<string> blocks, RepeatedField<string> numbers, string path, Pool pool, FieldFaults faults)
    {
        faults.Require(blocks.Count + numbers.Count > 0, $"{path}blocks", "At least one block or number must be given.");
        faults.Require(blocks.Count <= MostBlocks, $"{path}blocks", $"Must be at most {MostBlocks}.");
        faults.Require(numbers.Count <= MostNumbers, $"{path}numbers", $"Must be at most {MostNumbers}.");
        if (faults.Any)
            return new([], []);

        if (blocks.Count > 0)
            faults.Require(FitsBlock(pool.BlockDigits, pool.Density), $"{path}blocks", "With the density of this pool a block is too big; add single numbers.");
        for (var i = 0; i < blocks.Count; i++)
            faults.Require(IsBlock(pool, blocks[i]), $"{path}blocks[{i}]", DescriptionOf(pool));
        var read = new List<PhoneNumber>(numbers.Count);
        for (var i = 0; i < numbers.Count; i++)
        {
            if (RequestRules.Number(numbers[i], pool.CountryCode, faults, $"{path}numbers[{i}]") is not { } number)
                continue;
            faults.Require(number.CountryCode == pool.CountryCode, $"{path}numbers[{i}]", "Must be a number of the pool's country.");
            faults.Require(MayBeVirtual(number), $"{path}numbers[{i}]", "Numbers of this kind cannot be leased.");
            read.Add(number);
        }

        return new([.. blocks], read);
    }

    /// <summary>All numbers of a block are of one kind, so its first one tells.</summary>
    private static bool IsBlock(Pool pool, string prefix)
    {
        if (prefix.Length is < 1 or > 13 || !prefix.All(char.IsAsciiDigit))
            return false;
        try
        {
            return MayBeVirtual(PhoneNumber.FromCanonical($"{pool.CountryCode}:{prefix}{new string('0', pool.BlockDigits)}"));
        }
        catch (FormatException)
        {
            return false;
        }
    }

    private static bool MayBeVirtual(PhoneNumber number) =>
        number.Kind is PhoneNumberKind.Mobile or PhoneNumberKind.Landline or PhoneNumberKind.Protection or PhoneNumberKind.Other;

    private static string DescriptionOf(Pool pool) =>
        $"Must be the digits that numbers of country {pool.CountryCode} share before their last {pool.BlockDigits}.";
}
