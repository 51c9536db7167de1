using System.Reflection;
using VirtualNumber.Protocol;

namespace VirtualNumber.Tests.Hosting;

/// <summary>A real store that can be taken away and given back: while it is away every call of its contract fails.</summary>
#pragma warning disable CA1852 // DispatchProxy derives from it.
internal class StoreInTrouble : DispatchProxy
#pragma warning restore CA1852
{
    private object _inner = null!;
    private StoreInTroubleSwitch _switch = null!;

    public static T Put<T>(T inner, StoreInTroubleSwitch onOff)
        where T : class
    {
        var proxy = Create<T, StoreInTrouble>();
        var own = (StoreInTrouble)(object)proxy;
        (own._inner, own._switch) = (inner, onOff);
        return proxy;
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        if (_switch.IsAway || (_switch.AwayFor is { } only && args?.Contains(only) == true))
            throw new StoreUnavailableException("Taken away by the test.");
        return targetMethod!.Invoke(_inner, BindingFlags.DoNotWrapExceptions, null, args, null);
    }
}

/// <summary>Whether the store is there.</summary>
internal sealed class StoreInTroubleSwitch
{
    private volatile bool _isAway;
    private volatile string? _awayFor;

    /// <summary>Only calls with this among their arguments fail; null: none.</summary>
    public string? AwayFor
    {
        get => _awayFor;
        set => _awayFor = value;
    }

    public bool IsAway
    {
        get => _isAway;
        set => _isAway = value;
    }
}
