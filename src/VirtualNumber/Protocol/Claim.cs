using VirtualNumber.Sealing;

namespace VirtualNumber.Protocol;

/// <summary>
/// The intent to lease for one delivery role, written to the delivery's ledger before anything is taken. Its fate is decided
/// in its block once: it takes one slot, or is closed; neither is ever taken back.
/// </summary>
/// <param name="Id">10 random bytes.</param>
/// <param name="Block">The block in which its fate is decided.</param>
/// <param name="Time">When it was written; a take later than this plus the take window takes nothing.</param>
internal sealed record Claim(ClaimId Id, uint Block, DateTimeOffset Time);

/// <summary>What a request id stands for: the id and a digest of what was asked, so that other content is refused.</summary>
/// <param name="Request">Keyed digest of verb, tenant, delivery role and request id.</param>
/// <param name="Content">Keyed digest of what the request asked for.</param>
internal sealed record RequestMark(Digest Request, Digest Content);
