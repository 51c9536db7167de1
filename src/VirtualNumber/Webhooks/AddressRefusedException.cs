namespace VirtualNumber.Webhooks;

/// <summary>A webhook's name stands for an address that pushes may not go to.</summary>
internal sealed class AddressRefusedException() : Exception("The name stands for an address that is not public.");
