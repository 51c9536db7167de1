namespace VirtualNumber.Redis;

/// <summary>
/// What an instance has seen of a block, so that it notices when that is not there any more. A confirmation by an operator begins a new
/// one: what a late answer tells of the time before goes into the old one and is forgotten with it.
/// </summary>
/// <param name="seen">The mark to begin with; null: nothing was seen.</param>
/// <param name="generation">The generation of the connections in which the block was seen to be what it should be.</param>
internal sealed class BlockWatch(LogMark? seen, long generation)
{
    /// <summary>The block has not been looked at.</summary>
    public const long NoGeneration = -1;

    private LogMark? _seen = seen;
    private long _generation = generation;

    /// <summary>The last mark that was seen; null: none.</summary>
    public LogMark? Seen => Volatile.Read(ref _seen);

    /// <summary>Whether the block was looked at since the connections changed last. If not, another server may answer for it by now.</summary>
    public bool IsLookedAt(long generation) => Interlocked.Read(ref _generation) == generation;

    /// <summary>A mark was seen; answers arrive in any order.</summary>
    public void See(LogMark mark)
    {
        while (Seen is var known && mark.IsAfter(known))
        {
            if (ReferenceEquals(Interlocked.CompareExchange(ref _seen, mark, known), known))
                return;
        }
    }

    /// <summary>Whatever was seen of the connections, the block has to be looked at again.</summary>
    public void Doubt() => LookedAt(NoGeneration);

    /// <summary>A script has looked, in the generation that stood when it was sent.</summary>
    public void LookedAt(long generation) => Interlocked.Exchange(ref _generation, generation);
}
