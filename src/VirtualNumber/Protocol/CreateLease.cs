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
    DeliveryKey Delivery, DeliveryRole Role, string PoolId, PhoneNumber RealNumber, string? RequestId, DateTimeOffset? ExpireTime)
{
    /// <summary>Pair mode: the other party's number; null: not known yet.</summary>
    public PhoneNumber? PeerNumber { get; init; }

    /// <summary>Pair mode: who may call whom; unspecified: both.</summary>
    public CallDirection Direction { get; init; }

    /// <summary>Where the number should belong to; null: anywhere.</summary>
    public AreaPreference? Area { get; init; }

    /// <summary>When calls shall be connected, and whose, besides the pool's rules.</summary>
    public CallRules Rules { get; init; } = CallRules.None;
}

/// <summary>What CreateLease answers.</summary>
/// <param name="Outcome">What became of it.</param>
/// <param name="Lease">The lease when Leased, RoleTaken or LeaseEnded.</param>
/// <param name="Existing">Whether that lease stood before the call.</param>
/// <param name="Shortage">Why no number could be had, when PartySaturated, AreaEmpty, NumbersAging or PoolEmpty.</param>
/// <param name="ExpireTime">When the delivery's terms ended, when DeliveryOver.</param>
/// <param name="Refusal">Which quota, when QuotaExceeded.</param>
internal sealed record CreateLeaseAnswer(
    CreateLeaseOutcome Outcome, Lease? Lease = null, bool Existing = false, Shortage? Shortage = null, DateTimeOffset? ExpireTime = null,
    QuotaRefusal? Refusal = null);

internal sealed partial class LeaseVerbs
{
    /// <summary>
    /// Leases a number for a delivery role. Two steps as a rule: the claim goes to the delivery's ledger, then the block decides
    /// it. A third where another request's claim stands, and one for each full block.
    /// </summary>
    public async ValueTask<CreateLeaseAnswer> CreateLeaseAsync(CreateLeaseCommand command, CancellationToken cancellation)
    {
        var tenantId = command.Delivery.TenantId;
        if (await stock.FindPoolAsync(tenantId, command.PoolId, cancellation) is not { } pool)
            return new(CreateLeaseOutcome.PoolUnknown);
        if (await stock.IsStockedAsync(command.RealNumber, s_stockAgeForChanges, cancellation))
            return new(CreateLeaseOutcome.RealNumberInPool);
        if (command.PeerNumber is { } peer && await stock.IsStockedAsync(peer, s_stockAgeForChanges, cancellation))
            return new(CreateLeaseOutcome.PeerNumberInPool);
        if (pool.Mode != PoolMode.Pair && (command.PeerNumber is not null || command.Direction != CallDirection.Unspecified))
            return new(CreateLeaseOutcome.PoolNotPair);

        var delivery = DigestOf(command.Delivery);
        var direction = pool.Mode == PoolMode.Pair && command.Direction == CallDirection.Unspecified ? CallDirection.Both : command.Direction;
        var request = command.RequestId is { } id ? MarkOf(command, direction, delivery, id) : null;
        var order = new LeaseOrder(pool, delivery, command.Role, command.RealNumber, command.PeerNumber, direction, request, command.ExpireTime)
        {
            Rules = command.Rules,
            Areas = command.Area?.InOrder ?? [null],
            StrictArea = command.Area is { Strict: true } strict ? strict.Code : null,
        };
        return KindRefusal(command, pool) is { } refusal
            ? await FindLeasedAsync(order, cancellation) ?? new(refusal)
            : await LeaseAsync(order, cancellation);
    }

    private static CreateLeaseOutcome? KindRefusal(CreateLeaseCommand command, Pool pool) =>
        !pool.MayBind(command.RealNumber.Kind) ? CreateLeaseOutcome.RealNumberKindNotAllowed
        : command.PeerNumber is { } peer && !pool.MayBind(peer.Kind) ? CreateLeaseOutcome.PeerNumberKindNotAllowed
        : null;

    /// <summary>
    /// The lease that a request had before the pool took its kind of number no more; null: it had none. A claim that no block has decided is left
    /// as it is, since to take it now would be to bind the number.
    /// </summary>
    private async ValueTask<CreateLeaseAnswer?> FindLeasedAsync(LeaseOrder order, CancellationToken cancellation)
    {
        using var attempt = new CreateLeaseAttempts(this, order, cancellation);
        return await attempt.FindLeasedAsync();
    }

    private async ValueTask<CreateLeaseAnswer> LeaseAsync(LeaseOrder order, CancellationToken cancellation)
    {
        using var attempt = new CreateLeaseAttempts(this, order, cancellation);
        for (var i = 0; i < MostAttempts; i++)
        {
            if (await attempt.TryAsync() is { } answer)
                return answer;
        }

        return new(CreateLeaseOutcome.Contended);
    }

    private RequestMark MarkOf(CreateLeaseCommand command, CallDirection direction, Digest delivery, string requestId)
    {
        var role = command.Role.ToString();
        var expireTime = command.ExpireTime?.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture) ?? "";
        var area = command.Area is null ? "" : string.Join('>', command.Area.InOrder.Select(code => code ?? "*"));
        string[] content =
        [
            delivery.ToString(), role, command.PoolId, command.RealNumber.Canonical, expireTime, command.PeerNumber?.Canonical ?? "", direction.ToString(), area,
            .. command.Rules.AreNone() ? Array.Empty<string>() : [Convert.ToHexString(CallRulesFormat.Pack(command.Rules))],
        ];
        return new(index.Of("create-lease-request", delivery.ToString(), role, requestId), index.Of("create-lease-content", content));
    }

    /// <summary>A lease as it is asked for, whichever verb asks.</summary>
    private sealed record LeaseOrder(
        Pool Pool, Digest Delivery, DeliveryRole Role, PhoneNumber RealNumber, PhoneNumber? PeerNumber, CallDirection Direction,
        RequestMark? Request, DateTimeOffset? ExpireTime)
    {
        /// <summary>When calls are connected, and whose.</summary>
        public CallRules Rules { get; init; } = CallRules.None;

        /// <summary>The areas to try in order; null: any.</summary>
        public IReadOnlyList<string?> Areas { get; init; } = [null];

        /// <summary>The area that is insisted on; null: none.</summary>
        public string? StrictArea { get; init; }

        /// <summary>The lease that it takes the place of: as long as that one would have lasted, and outside the quotas, which it was counted in.</summary>
        public LeaseRecord? InPlaceOf { get; init; }

        public bool IsPair => Pool.Mode == PoolMode.Pair;
    }

    /// <summary>One lease on its way: what its attempts share.</summary>
    private sealed class CreateLeaseAttempts : IDisposable
    {
        private readonly LeaseVerbs _verbs;
        private readonly LeaseOrder _order;
        private readonly Pool _pool;
        private readonly CancellationToken _cancellation;
        private readonly Digest _number;
        private readonly Digest? _peer;
        private readonly Digest _leased;
        private readonly PairParties? _parties;
        private readonly RequestMark? _request;
        private readonly HashSet<uint> _tried = [];
        private ClaimId? _forget;
        private bool _mayPropose;
        private IDisposable? _grant;
        private QuotaRefusal? _refusal;

        public CreateLeaseAttempts(LeaseVerbs verbs, LeaseOrder order, CancellationToken cancellation)
        {
            (_verbs, _order, _pool, _request, _cancellation) = (verbs, order, order.Pool, order.Request, cancellation);
            var tenantId = _pool.TenantId;
            _number = verbs.DigestOf(tenantId, order.RealNumber);
            _peer = order.PeerNumber is { } peer ? verbs.DigestOf(tenantId, peer) : null;
            _leased = order.IsPair ? verbs.LeasedDigestOf(tenantId, order.RealNumber, order.PeerNumber, order.Direction) : _number;
            _parties = order.IsPair ? new PairParties(_number, _peer) : null;
            _mayPropose = order.InPlaceOf is not null || !verbs.Quotas.Apply(_pool);
        }

        public void Dispose() => _grant?.Dispose();

        /// <summary>Null: somebody got in between, start over.</summary>
        public async ValueTask<CreateLeaseAnswer?> TryAsync()
        {
            var claim = await ClaimAsync();
            while (true)
            {
                if (claim.Kind == ClaimKind.None)
                    return _refusal is { } refusal ? new(CreateLeaseOutcome.QuotaExceeded, Refusal: refusal) : await ShortOfNumbersAsync();
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

        /// <summary>What the request was answered with before; null: it was not. Leases nothing.</summary>
        public async ValueTask<CreateLeaseAnswer?> FindLeasedAsync()
        {
            var claim = await ClaimAsync(block: null);
            if (claim.Kind == ClaimKind.None || !claim.SameContent || await _verbs.Pool.FindAsync(claim.Claim!, _cancellation) is not { } record)
                return null;
            var now = _verbs.Now;
            if (record.IsLive(now))
                return await AnswerLiveAsync(claim, new(TakeOutcome.Live, record), now) is { Outcome: CreateLeaseOutcome.Leased } leased ? leased : null;
            return _request is not null && claim.Kind != ClaimKind.Standing && MayHaveBeenAnswered(record)
                ? new(CreateLeaseOutcome.LeaseEnded, _verbs.LeaseOf(record, now), Existing: true)
                : null;
        }

        private DateTimeOffset KeepLedgerUntil(DateTimeOffset now) =>
            now + _verbs.Terms.HardCap + _pool.Aging + TimeSpan.FromDays(1);

        /// <summary>Whether a new claim may be proposed, as far as quotas go: they bind new leases only, never the repeat of one.</summary>
        private async ValueTask<bool> MayProposeAsync()
        {
            if (_mayPropose)
                return true;
            (_refusal, _grant) = await _verbs.Quotas.AskAsync(_pool, _verbs.Now, _cancellation);
            return _mayPropose = _refusal is null;
        }

        private async ValueTask<uint?> ChooseBlockAsync()
        {
            foreach (var area in _order.Areas)
            {
                var choice = new BlockChoice(_pool.TenantId, _pool.PoolId, _tried, area, _parties);
                if (await _verbs.Pool.ChooseBlockAsync(choice, _verbs.Now, _cancellation) is { } block)
                    return block;
            }

            return null;
        }

        private async ValueTask<ClaimAnswer> ClaimAsync()
        {
            // Where a quota applies, first without a proposal: a request that has its lease is not refused for it.
            if (!_mayPropose && (await ClaimAsync(block: null) is { Kind: not ClaimKind.None } standing))
                return standing;
            return await MayProposeAsync() ? await ClaimAsync(await ChooseBlockAsync()) : default;
        }

        private async ValueTask<ClaimAnswer> ClaimAsync(uint? block)
        {
            var now = _verbs.Now;
            var step = new ClaimStep(
                _order.Delivery, _order.Role, _request, ClaimId.Create(_verbs.Random), block, KeepLedgerUntil(now), _forget);
            return await _verbs.Pool.ClaimAsync(step, now, _cancellation);
        }

        /// <summary>None when no block is left to propose.</summary>
        private async ValueTask<ClaimAnswer> ReplaceAsync(ClaimAnswer old, bool ended)
        {
            if (!await MayProposeAsync() || await ChooseBlockAsync() is not { } block)
                return default;
            var now = _verbs.Now;
            var step = new ReplaceStep(
                _order.Delivery, _order.Role, _request, old.Claim!.Id, ended, ClaimId.Create(_verbs.Random), block, KeepLedgerUntil(now));
            return await _verbs.Pool.ReplaceAsync(step, now, _cancellation);
        }

        private async ValueTask<(TakeAnswer Take, DateTimeOffset Now, DateTimeOffset ExpireTime)> TakeAsync(ClaimAnswer claim)
        {
            var now = _verbs.Now;
            var expireTime = ExpireTimeOf(claim, now);
            var sealedNumber = _verbs.Seal(_order.RealNumber, _pool.TenantId, _order.Delivery, claim.Claim!.Id).Sealed;
            var step = new TakeStep(claim.Claim, _order.Delivery, _order.Role, claim.ReportNumber, expireTime, sealedNumber, _number)
            {
                PoolId = _pool.PoolId,
                Rules = _order.Rules,
            };
            if (_pool.Mode != PoolMode.Direct)
                step = step with { Choice = SlotChoice.Draw(_verbs.Random, _pool.SlotsPerNumber()) };
            if (_order.IsPair)
            {
                var sealedPeer = _order.PeerNumber is { } peer ? _verbs.SealPeer(peer, _pool.TenantId, _order.Delivery, claim.Claim.Id).Sealed : default;
                step = step with { Pair = new PairSide(_peer, sealedPeer, _order.Direction), LeasedDigest = _leased };
            }

            if (_order.InPlaceOf is { } before)
                step = step with { Floor = before.Floor, Extensions = before.Extensions };

            return (await _verbs.Pool.TakeAsync(step, now, _cancellation), now, expireTime);
        }

        private DateTimeOffset ExpireTimeOf(ClaimAnswer claim, DateTimeOffset now)
        {
            if (_order.InPlaceOf is not { } before)
                return _verbs.Terms.InitialExpireTime(claim.Terms ?? _verbs.Terms.For(DeliveryStatus.LabelCreated, now), now, _order.ExpireTime);

            // A report that came too late for the lease before is what counts, as it would have there.
            var end = before.Pair!.EndBeforeMove!.Value;
            if (claim.Terms is { } reported && claim.ReportNumber > before.ReportNumber)
                end = !reported.Final && before.Floor > reported.Instant ? before.Floor.Value : reported.Instant;
            var latest = _verbs.Terms.CapOf(before.LeaseTime);
            return end < latest ? end : latest;
        }

        private async ValueTask<CreateLeaseAnswer?> AnswerLiveAsync(ClaimAnswer claim, TakeAnswer take, DateTimeOffset now)
        {
            var record = take.Record!;
            if (!(claim.Kind == ClaimKind.Standing ? IsFor(record) : _order.IsPair ? MayHaveBeenAnswered(record) : HasStoodFor(record)))
                return new(CreateLeaseOutcome.RoleTaken, _verbs.LeaseOf(record, now), Existing: true);

            // Bound before it is answered, so that a repeat after the end does not make a second lease.
            if (claim.Kind == ClaimKind.Standing && _request is not null
                && !await _verbs.Pool.BindAsync(_order.Delivery, _request, claim.Claim!, now, _cancellation))
            {
                return null;
            }

            // What was sealed a moment ago need not be opened again for its mask.
            var lease = take.New
                ? _verbs.LeaseOf(record, _order.RealNumber.Mask(), _order.PeerNumber?.Mask() ?? "", now)
                : _verbs.LeaseOf(record, now);
            return new(CreateLeaseOutcome.Leased, lease, Existing: !take.New);
        }

        /// <summary>Whoever names no rules asks for no other ones: whatever stands connects no more calls than are asked for.</summary>
        private bool HasRules(LeaseRecord record) => _order.Rules.AreNone() || _order.Rules == record.Rules;

        /// <summary>Whether a lease is what is asked for. Whoever does not name the peer yet asks for no other one.</summary>
        private bool IsFor(LeaseRecord record) => record.NumberDigest == _number && HasRules(record)
            && (record.Pair is { } pair ? (_peer is null || _peer == pair.Peer) && pair.Direction == _order.Direction : !_order.IsPair);

        /// <summary>
        /// A request that is bound to a lease was answered with it while it stood for the request's number, at the take or after a
        /// reassignment, and keeps it through later ones; else another request took its claim with another number.
        /// </summary>
        private bool HasStoodFor(LeaseRecord record)
        {
            // They never change: what was leased with others was leased by another request.
            if (!HasRules(record))
                return false;
            if (record.LeasedDigest == _leased)
                return true;
            var content = _order.IsPair
                ? _verbs.ReassignContentOf(record.TenantId, _order.RealNumber, _order.PeerNumber)
                : _verbs.ReassignContentOf(record.TenantId, _order.RealNumber);
            return record.Reassignments.Any(reassignment => reassignment.Content == content);
        }

        /// <summary>
        /// False only when this request surely met a conflict there, which binds nothing. A pair may also have been answered for what it stands
        /// for now, one of the two having been replaced or not named; what it stood for in between is not known afterwards.
        /// </summary>
        private bool MayHaveBeenAnswered(LeaseRecord record) => HasStoodFor(record)
            || (HasRules(record)
                && (record.Pair is null ? record.Reassignments.Length >= LeaseRecord.MostReassignments : record.Reassignments.Length > 0 || IsFor(record)));

        private async ValueTask<CreateLeaseAnswer?> ShortOfNumbersAsync()
        {
            var answer = await _verbs.ExplainAsync(_pool, _order.StrictArea, _parties, _cancellation);
            // One freed up since the last take. A caller is never told that a pool is empty which is not.
            if (answer is null)
                _tried.Clear();
            return answer;
        }
    }

    /// <summary>Why nothing could be had, the first cause that applies; null: something can be had now.</summary>
    private async ValueTask<CreateLeaseAnswer?> ExplainAsync(Pool asked, string? strictArea, PairParties? parties, CancellationToken cancellation)
    {
        var room = await stock.GetRoomAsync(asked, strictArea, parties, Now, cancellation);
        if (room.Pair is { } pair ? pair.Fitting > 0 : room.Counts.Available > 0)
            return null;

        var shortage = new Shortage(room.Counts, room.NextAvailableTime) { Area = strictArea };
        if (room.Pair is { } saturated && (saturated.WithRoom > 0 || (saturated.Numbers > 0 && saturated.Unoccupied == 0)))
        {
            return new(CreateLeaseOutcome.PartySaturated, Shortage: shortage with
            {
                NextAvailableTime = saturated.NextTime,
                HolderNumbers = saturated.OfHolder,
                PeerNumbers = saturated.OfPeer,
            });
        }

        var outcome = strictArea is not null ? CreateLeaseOutcome.AreaEmpty
            : room.Counts.Aging > 0 ? CreateLeaseOutcome.NumbersAging
            : CreateLeaseOutcome.PoolEmpty;
        return new(outcome, Shortage: shortage);
    }

    // A primary constructor's parameters cannot be reached from a nested class.
    private INumberPool Pool => pool;

    private LeaseTerms Terms => terms;

    private IRandomSource Random => random;

    private LeaseQuotas Quotas => quotas;
}
