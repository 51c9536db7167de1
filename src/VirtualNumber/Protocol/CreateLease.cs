using System.Globalization;
using VirtualNumber.Leasing;
using VirtualNumber.Sealing;

namespace VirtualNumber.Protocol;

/// <summary>What CreateLease is asked.</summary>
/// <param name="Delivery">The delivery.</param>
/// <param name="Role">Whom the number shall stand for.</param>
/// <param name="PoolId">The pool of the delivery's tenant.</param>
/// <param name="RealNumber">The real number.</param>
/// <param name="RequestId">Makes a retry safe; null: none.</param>
/// <param name="ExpireTime">Asks for an earlier first expire time; null: as the terms say.</param>
internal sealed record CreateLeaseCommand(
    DeliveryKey Delivery, DeliveryRole Role, string PoolId, PhoneNumber RealNumber, string? RequestId, DateTimeOffset? ExpireTime);

/// <summary>What CreateLease answers.</summary>
/// <param name="Outcome">What became of it.</param>
/// <param name="Lease">The lease when Leased, RoleTaken or LeaseEnded.</param>
/// <param name="Existing">Whether that lease stood before the call.</param>
/// <param name="Shortage">Why no number could be had, when NumbersAging or PoolEmpty.</param>
/// <param name="ExpireTime">When the delivery's terms ended, when DeliveryOver.</param>
internal sealed record CreateLeaseAnswer(
    CreateLeaseOutcome Outcome, Lease? Lease = null, bool Existing = false, Shortage? Shortage = null, DateTimeOffset? ExpireTime = null);

internal sealed partial class LeaseVerbs
{
    /// <summary>
    /// Leases a number for a delivery role. Two steps as a rule: the claim goes to the delivery's ledger, then the block decides
    /// it. A third where another request's claim stands, and one for each full block.
    /// </summary>
    public async ValueTask<CreateLeaseAnswer> CreateLeaseAsync(CreateLeaseCommand command, CancellationToken cancellation)
    {
        if (await stock.FindPoolAsync(command.Delivery.TenantId, command.PoolId, cancellation) is not { } pool)
            return new(CreateLeaseOutcome.PoolUnknown);
        if (await stock.IsStockedAsync(command.RealNumber, cancellation))
            return new(CreateLeaseOutcome.RealNumberInPool);

        var attempt = new CreateLeaseAttempts(this, command, pool, cancellation);
        for (var i = 0; i < MostAttempts; i++)
        {
            if (await attempt.TryAsync() is { } answer)
                return answer;
        }

        return new(CreateLeaseOutcome.Contended);
    }

    /// <summary>One CreateLease on its way: what its attempts share.</summary>
    private sealed class CreateLeaseAttempts
    {
        private readonly LeaseVerbs _verbs;
        private readonly CreateLeaseCommand _command;
        private readonly Pool _pool;
        private readonly CancellationToken _cancellation;
        private readonly Digest _delivery;
        private readonly Digest _number;
        private readonly RequestMark? _request;
        private readonly HashSet<uint> _tried = [];
        private ClaimId? _forget;

        public CreateLeaseAttempts(LeaseVerbs verbs, CreateLeaseCommand command, Pool pool, CancellationToken cancellation)
        {
            (_verbs, _command, _pool, _cancellation) = (verbs, command, pool, cancellation);
            _delivery = verbs.DigestOf(command.Delivery);
            _number = verbs.DigestOf(command.Delivery.TenantId, command.RealNumber);
            _request = command.RequestId is { } id ? MarkOf(id) : null;
        }

        /// <summary>Null: somebody got in between, start over.</summary>
        public async ValueTask<CreateLeaseAnswer?> TryAsync()
        {
            var claim = await ClaimAsync();
            while (true)
            {
                if (claim.Kind == ClaimKind.None)
                    return await ShortOfNumbersAsync();
                if (!claim.SameContent)
                    return new(CreateLeaseOutcome.RequestIdReused);

                var (take, now, expireTime) = await TakeAsync(claim);
                switch (take.Outcome)
                {
                    case TakeOutcome.Live:
                        return await AnswerLiveAsync(claim, take, now);
                    // A repeat never makes a second lease: what this request got is over.
                    case TakeOutcome.Ended when _request is not null && claim.Kind != ClaimKind.Standing && MayHaveBeenAnswered(take.Record!):
                        return new(CreateLeaseOutcome.LeaseEnded, _verbs.LeaseOf(take.Record!, now), Existing: true);
                    case TakeOutcome.Over:
                        return new(CreateLeaseOutcome.DeliveryOver, ExpireTime: expireTime);
                    case TakeOutcome.Full:
                        _tried.Add(claim.Claim!.Block);
                        break;
                }

                // A claim of this request with which another one leased, for another number, is as good as closed.
                var ended = take.Outcome == TakeOutcome.Ended && (_request is null || claim.Kind == ClaimKind.Standing);
                var replaced = await ReplaceAsync(claim, ended);
                if (replaced.Kind == ClaimKind.Moved)
                {
                    // A request that stays bound to a closed claim would come back to it for ever.
                    if (!ended && claim.Kind == ClaimKind.Bound)
                        _forget = claim.Claim!.Id;
                    return null;
                }

                claim = replaced;
            }
        }

        private RequestMark MarkOf(string requestId)
        {
            var role = _command.Role.ToString();
            var expireTime = _command.ExpireTime?.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture) ?? "";
            return new(
                _verbs.Index.Of("create-lease-request", _delivery.ToString(), role, requestId),
                _verbs.Index.Of("create-lease-content", _delivery.ToString(), role, _pool.PoolId, _command.RealNumber.Canonical, expireTime));
        }

        private DateTimeOffset KeepLedgerUntil(DateTimeOffset now) =>
            now + _verbs.Terms.HardCap + _pool.Aging + TimeSpan.FromDays(1);

        private ValueTask<uint?> ChooseBlockAsync() =>
            _verbs.Pool.ChooseBlockAsync(new BlockChoice(_pool.TenantId, _pool.PoolId, _tried), _verbs.Now, _cancellation);

        private async ValueTask<ClaimAnswer> ClaimAsync()
        {
            var block = await ChooseBlockAsync();
            var now = _verbs.Now;
            var step = new ClaimStep(
                _delivery, _command.Role, _request, ClaimId.Create(_verbs.Random), block, KeepLedgerUntil(now), _forget);
            return await _verbs.Pool.ClaimAsync(step, now, _cancellation);
        }

        /// <summary>None when no block is left to propose.</summary>
        private async ValueTask<ClaimAnswer> ReplaceAsync(ClaimAnswer old, bool ended)
        {
            if (await ChooseBlockAsync() is not { } block)
                return default;
            var now = _verbs.Now;
            var step = new ReplaceStep(
                _delivery, _command.Role, _request, old.Claim!.Id, ended, ClaimId.Create(_verbs.Random), block, KeepLedgerUntil(now));
            return await _verbs.Pool.ReplaceAsync(step, now, _cancellation);
        }

        private async ValueTask<(TakeAnswer Take, DateTimeOffset Now, DateTimeOffset ExpireTime)> TakeAsync(ClaimAnswer claim)
        {
            var now = _verbs.Now;
            var reported = claim.Terms ?? _verbs.Terms.For(DeliveryStatus.LabelCreated, now);
            var expireTime = _verbs.Terms.InitialExpireTime(reported, now, _command.ExpireTime);
            var context = SealContextOf(_command.Delivery.TenantId, _delivery, claim.Claim!.Id);
            var sealedNumber = _verbs.Sealer.Seal(_command.RealNumber.Canonical, context);
            var step = new TakeStep(claim.Claim, _delivery, _command.Role, claim.ReportNumber, expireTime, sealedNumber, _number);
            return (await _verbs.Pool.TakeAsync(step, now, _cancellation), now, expireTime);
        }

        private async ValueTask<CreateLeaseAnswer?> AnswerLiveAsync(ClaimAnswer claim, TakeAnswer take, DateTimeOffset now)
        {
            var record = take.Record!;
            if (!(claim.Kind == ClaimKind.Standing ? record.NumberDigest == _number : HasStoodForNumber(record)))
                return new(CreateLeaseOutcome.RoleTaken, _verbs.LeaseOf(record, now), Existing: true);

            // Bound before it is answered, so that a repeat after the end does not make a second lease.
            if (claim.Kind == ClaimKind.Standing && _request is not null
                && !await _verbs.Pool.BindAsync(_delivery, _request, claim.Claim!, now, _cancellation))
            {
                return null;
            }

            // What was sealed a moment ago need not be opened again for its mask.
            var lease = take.New ? _verbs.LeaseOf(record, _command.RealNumber.Mask(), now) : _verbs.LeaseOf(record, now);
            return new(CreateLeaseOutcome.Leased, lease, Existing: !take.New);
        }

        /// <summary>
        /// A request that is bound to a lease was answered with it while it stood for the request's number, at the take or after a
        /// reassignment, and keeps it through later ones; else another request took its claim with another number.
        /// </summary>
        private bool HasStoodForNumber(LeaseRecord record)
        {
            if (record.LeasedDigest == _number)
                return true;
            var content = _verbs.ReassignContentOf(record.TenantId, _command.RealNumber);
            return record.Reassignments.Any(reassignment => reassignment.Content == content);
        }

        /// <summary>False only when this request surely met a conflict there, which binds nothing.</summary>
        private bool MayHaveBeenAnswered(LeaseRecord record) =>
            HasStoodForNumber(record) || record.Reassignments.Length >= LeaseRecord.MostReassignments;

        private async ValueTask<CreateLeaseAnswer?> ShortOfNumbersAsync()
        {
            var stats = await _verbs.Stock.GetStatsAsync(_pool, skip: 0, limit: 0, _verbs.Now, _cancellation);
            if (stats.Counts.Available > 0)
            {
                // One freed up since the last take. A caller is never told that a pool is empty which is not.
                _tried.Clear();
                return null;
            }

            var outcome = stats.Counts.Aging > 0 ? CreateLeaseOutcome.NumbersAging : CreateLeaseOutcome.PoolEmpty;
            return new(outcome, Shortage: new Shortage(stats.Counts, stats.NextAvailableTime));
        }
    }

    // A primary constructor's parameters cannot be reached from a nested class.
    private INumberPool Pool => pool;

    private INumberStock Stock => stock;

    private LeaseTerms Terms => terms;

    private IRandomSource Random => random;

    private NumberSealer Sealer => sealer;

    private BlindIndex Index => index;
}
