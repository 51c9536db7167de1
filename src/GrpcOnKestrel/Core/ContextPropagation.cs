namespace Grpc.Core;

/// <summary>A parent call's context for a child call. None can be made here, nor in the official server.</summary>
public abstract class ContextPropagationToken
{
    internal ContextPropagationToken()
    {
    }
}

/// <summary>What a child call takes over from its parent.</summary>
public class ContextPropagationOptions
{
    /// <summary>Everything is taken over.</summary>
    public static readonly ContextPropagationOptions Default = new();

    /// <summary>Options for a propagation token.</summary>
    /// <param name="propagateDeadline">Whether the child inherits the deadline.</param>
    /// <param name="propagateCancellation">Whether the child inherits cancellation.</param>
    public ContextPropagationOptions(bool propagateDeadline = true, bool propagateCancellation = true)
    {
        IsPropagateDeadline = propagateDeadline;
        IsPropagateCancellation = propagateCancellation;
    }

    /// <summary>Whether the child inherits the deadline.</summary>
    public bool IsPropagateDeadline { get; }

    /// <summary>Whether the child inherits cancellation.</summary>
    public bool IsPropagateCancellation { get; }
}
