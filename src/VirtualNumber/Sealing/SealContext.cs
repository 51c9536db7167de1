namespace VirtualNumber.Sealing;

/// <summary>
/// Where a sealed number belongs. It is the associated data of the seal: with any other context the number does not open, so a ciphertext
/// copied to another lease or another tenant is worthless there.
/// </summary>
/// <param name="Purpose">What the number is kept for: a constant of the code, 1 to 64 characters of ASCII, such as <c>lease</c>.</param>
/// <param name="TenantId">The tenant, at most 256 characters.</param>
/// <param name="Delivery">The digest of the delivery.</param>
/// <param name="Claim">The claim: known before a slot is chosen, and kept for the lease's whole life.</param>
public readonly record struct SealContext(string Purpose, string TenantId, Digest Delivery, ClaimId Claim)
{
    internal const int MaxTenantLength = 256;

    // Four length prefixes; a character of a tenant id takes at most three bytes.
    internal const int MaxEncodedLength =
        (4 * sizeof(uint)) + Purposes.MaxLength + (3 * (MaxTenantLength + 1)) + Digest.Length + ClaimId.Length;

    /// <summary>
    /// Writes purpose, tenant, delivery and claim, each with its length in front, so that no two contexts give the same bytes.
    /// </summary>
    internal int Encode(Span<byte> destination)
    {
        Purposes.Check(Purpose);
        ArgumentNullException.ThrowIfNull(TenantId);
        if (TenantId.Length > MaxTenantLength)
        {
            throw new ArgumentException($"A tenant id has at most {MaxTenantLength} characters.");
        }

        Span<byte> fixedPart = stackalloc byte[Digest.Length];
        var length = StrictText.WritePart(Purpose, destination);
        length += StrictText.WritePart(TenantId, destination[length..]);
        Delivery.CopyTo(fixedPart);
        length += StrictText.WritePart(fixedPart, destination[length..]);
        Claim.CopyTo(fixedPart);
        length += StrictText.WritePart(fixedPart[..ClaimId.Length], destination[length..]);
        return length;
    }
}
