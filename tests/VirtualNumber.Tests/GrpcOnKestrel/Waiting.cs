namespace VirtualNumber.Tests.GrpcOnKestrel;

/// <summary>Waiting for events that must come: when one does not, the test fails instead of hanging.</summary>
public static class Waiting
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static Task Soon(this Task task) => task.WaitAsync(Patience);

    public static Task<T> Soon<T>(this Task<T> task) => task.WaitAsync(Patience);
}
