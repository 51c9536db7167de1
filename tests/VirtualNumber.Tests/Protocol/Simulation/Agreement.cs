using System.Collections;
using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Tests.Protocol.Simulation;

/// <summary>Two stores are asked the same and must answer the same, exceptions included.</summary>
internal static class Agreement
{
    /// <summary>Takes a step on both and answers what they agree on.</summary>
    internal static async ValueTask<T> OnAsync<TStore, T>(string step, object? argument, TStore subject, TStore model, Func<TStore, ValueTask<T>> take)
    {
        var (given, fault) = await TryAsync(subject, take);
        var (expected, expectedFault) = await TryAsync(model, take);
        InvariantBrokenException.Unless(
            fault?.GetType() == expectedFault?.GetType(),
            () => $"{step} {argument}: the store fails with {Text(fault)} where the model fails with {Text(expectedFault)}.");
        if (fault is not null)
            throw fault;
        return On($"{step} {argument}", given!, expected!);
    }

    /// <summary>Answers the store's answer if it is the model's.</summary>
    internal static T On<T>(string question, T given, T expected)
    {
        InvariantBrokenException.Unless(
            Parts(given).SequenceEqual(Parts(expected)),
            () => $"{question}: the store answers{Environment.NewLine}  {Text(given)}{Environment.NewLine}where the model answers{Environment.NewLine}  {Text(expected)}");
        return given;
    }

    private static async ValueTask<(T? Answer, Exception? Fault)> TryAsync<TStore, T>(TStore store, Func<TStore, ValueTask<T>> take)
    {
        try
        {
            return (await take(store), null);
        }
#pragma warning disable CA1031 // Whatever it is, the other store must fail with it too.
        catch (Exception fault)
        {
            return (default, fault);
        }
#pragma warning restore CA1031
    }

    private static string Text(object? answer) => answer is Exception fault ? fault.ToString() : string.Join(", ", Parts(answer).Select(part => part ?? "null"));

    /// <summary>An answer and the items of its lists, which compare by reference otherwise. Records compare by value.</summary>
    private static IEnumerable<object?> Parts(object? answer) => answer switch
    {
        ValueTuple<ReportOutcome, LedgerView> decided => [decided.Item1, .. Parts(decided.Item2)],
        LedgerView view => [view with { Claims = [] }, .. view.Claims],
        RecordPage page => [page with { Records = [] }, .. page.Records],
        CallPage page => [page with { Calls = [] }, .. page.Calls],
        PoolStats stats => [stats with { Blocks = [] }, .. stats.Blocks],
        AddNumbersAnswer added => [added with { OverlappingBlocks = [], OverlappingNumbers = [] }, .. added.OverlappingBlocks, "|", .. added.OverlappingNumbers],
        ChangeNumbersAnswer changed => [changed with { UnknownBlocks = [], UnknownNumbers = [] }, .. changed.UnknownBlocks, "|", .. changed.UnknownNumbers],
        IList list => list.Cast<object?>(),
        _ => [answer],
    };
}
