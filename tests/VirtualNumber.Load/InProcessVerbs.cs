using VirtualNumber.Leasing;
using VirtualNumber.Protocol;
using VirtualNumber.Sealing;

namespace VirtualNumber.Load;

/// <summary>The verbs as the service composes them, over a store in this process: no quotas, no limits of calls, guesses counted as usual.</summary>
internal static class InProcessVerbs
{
    /// <param name="pool">The steps of the store.</param>
    /// <param name="stock">Its stock.</param>
    /// <param name="terms">How long leases last.</param>
    /// <param name="keys">The caller's, who disposes it.</param>
    /// <param name="random">Chance.</param>
    /// <param name="time">The clock.</param>
    public static LeaseVerbs Create(INumberPool pool, INumberStock stock, LeaseTerms terms, KeyRing keys, IRandomSource random, TimeProvider time)
    {
        var index = new BlindIndex(keys);
        return new LeaseVerbs(
            pool,
            stock,
            terms,
            new NumberSealer(keys),
            index,
            new LeaseIdCodec(keys),
            random,
            new LeaseQuotas(pool, stock, TenantQuotas.None, index),
            new GuessGuard(pool, index, new GuessOptions()),
            new CallRecordOptions { Limits = [] },
            time);
    }
}
