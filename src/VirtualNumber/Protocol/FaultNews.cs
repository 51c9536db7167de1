namespace VirtualNumber.Protocol;

/// <summary>Tells whether a fault is worth a line: once per change, since a store that is away all night would fill the log otherwise.</summary>
internal sealed class FaultNews
{
    private Type? _last;

    /// <summary>Whether this is of another kind than what was last met; null: nothing is wrong.</summary>
    public bool IsNews(Exception? fault)
    {
        if (fault?.GetType() == _last)
            return false;
        _last = fault?.GetType();
        return true;
    }
}
