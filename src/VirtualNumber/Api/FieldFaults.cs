using Grpc.Core;

namespace VirtualNumber.Api;

/// <summary>Collects what is wrong with the fields of one request, so that all of it is told at once.</summary>
internal sealed class FieldFaults
{
    private readonly List<(string Field, string Description)> _faults = [];

    public bool Any => _faults.Count > 0;

    /// <summary>Notes a fault. The description never repeats the value: it may be a telephone number.</summary>
    public void Add(string field, string description) => _faults.Add((field, description));

    /// <summary>Notes a fault unless the condition holds.</summary>
    public void Require(bool condition, string field, string description)
    {
        if (!condition)
            Add(field, description);
    }

    /// <exception cref="RpcException">INVALID_ARGUMENT with every fault, when there is one.</exception>
    public void ThrowIfAny()
    {
        if (Any)
            throw Fault.OfFields(V1.ErrorReason.FieldsInvalid, StatusCode.InvalidArgument, _faults);
    }
}
