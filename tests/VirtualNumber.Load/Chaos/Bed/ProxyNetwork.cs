namespace VirtualNumber.Load.Chaos.Bed;
internal sealed class ProxyNetwork : Network
{
    public override string Kind => "none";
    public override Task<Host> AddHostAsync(string name) => throw new NotSupportedException();
    public override Task CutAsync(IReadOnlyList<Host> hosts) => throw new NotSupportedException();
    public override Task HealAsync(IReadOnlyList<Host> hosts) => throw new NotSupportedException();
    public override ValueTask DisposeAsync() => default;
}
