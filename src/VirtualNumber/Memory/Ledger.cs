using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Memory;

/// <summary>
/// One delivery's ledger: its latest event, the claim of each role, and what requests are bound to. Its steps run under the gate
/// of <see cref="Ledgers"/>.
/// </summary>
internal sealed class Ledger
{
    /// <summary>How many requests it remembers; the oldest is dropped first.</summary>
    private const int MostRequests = 16;

    private readonly SortedDictionary<DeliveryRole, Claim> _claims = [];
    private readonly List<(RequestMark Mark, Claim Claim)> _requests = [];
    private int _reportNumber;
    private DeliveryStatus _status;
    private DateTimeOffset _eventTime;
    private Terms? _terms;

    /// <summary>From then on it is gone, whether or not it was removed.</summary>
    public DateTimeOffset KeepUntil { get; private set; }

    /// <inheritdoc cref="INumberPool.ClaimAsync"/>
    public ClaimAnswer Claim(ClaimStep step, DateTimeOffset now)
    {
        var standing = _claims.GetValueOrDefault(step.Role);
        if (step.Forget is { } forget && FindRequest(step.Request) is var bound and >= 0
            && _requests[bound].Claim.Id == forget && standing?.Id != forget)
        {
            _requests.RemoveAt(bound);
        }

        if (FindRequest(step.Request) is var known and >= 0)
            return AnswerOf(ClaimKind.Bound, _requests[known].Claim, _requests[known].Mark.Content == step.Request!.Content);
        if (standing is not null)
            return AnswerOf(ClaimKind.Standing, standing);
        if (step.ProposedBlock is not { } block)
            return AnswerOf(ClaimKind.None, null);
        return Write(new Claim(step.ProposedId, block, now), step.Role, step.Request, step.KeepUntil);
    }

    /// <inheritdoc cref="INumberPool.ReplaceAsync"/>
    public ClaimAnswer Replace(ReplaceStep step, DateTimeOffset now)
    {
        if (_claims.GetValueOrDefault(step.Role)?.Id != step.Old)
            return AnswerOf(ClaimKind.Moved, null);
        if (FindRequest(step.Request) is var known and >= 0 && (step.Ended || _requests[known].Claim.Id != step.Old))
            return AnswerOf(ClaimKind.Moved, null);
        return Write(new Claim(step.ProposedId, step.ProposedBlock, now), step.Role, step.Request, step.KeepUntil);
    }

    /// <inheritdoc cref="INumberPool.BindAsync"/>
    public bool Bind(RequestMark request, Claim claim)
    {
        if (FindRequest(request) is var known and >= 0)
            return _requests[known].Claim.Id == claim.Id;
        BindNew(request, claim);
        return true;
    }

    /// <inheritdoc cref="INumberPool.DecideAsync"/>
    public ReportOutcome Decide(DecideStep step)
    {
        var outcome = OutcomeOf(step);
        if (outcome == ReportOutcome.Applied)
        {
            _reportNumber++;
            (_status, _eventTime, _terms) = (step.Status, step.EventTime, step.Terms);
        }

        Keep(step.KeepUntil);
        return outcome;
    }

    /// <inheritdoc cref="INumberPool.ReadLedgerAsync"/>
    public LedgerView Read() =>
        new(_reportNumber, _status, _eventTime, _terms, _claims.Select(pair => (pair.Key, pair.Value)).ToList());

    private ReportOutcome OutcomeOf(DecideStep step)
    {
        if (_reportNumber == 0)
            return ReportOutcome.Applied;
        return (step.EventTime, step.Status).CompareTo((_eventTime, _status)) switch
        {
            0 => ReportOutcome.Repeated,
            < 0 => ReportOutcome.Older,
            _ => step.AllowedFrom.Contains(_status) ? ReportOutcome.Applied : ReportOutcome.AfterTerminal,
        };
    }

    private ClaimAnswer AnswerOf(ClaimKind kind, Claim? claim, bool sameContent = true) =>
        new(kind, claim, sameContent, _reportNumber, _terms);

    private ClaimAnswer Write(Claim claim, DeliveryRole role, RequestMark? request, DateTimeOffset keepUntil)
    {
        _claims[role] = claim;
        if (request is not null)
        {
            if (FindRequest(request) is var known and >= 0)
                _requests.RemoveAt(known);
            BindNew(request, claim);
        }

        Keep(keepUntil);
        return AnswerOf(ClaimKind.Created, claim);
    }

    private void BindNew(RequestMark request, Claim claim)
    {
        _requests.Add((request, claim));
        if (_requests.Count > MostRequests)
            _requests.RemoveAt(0);
    }

    private int FindRequest(RequestMark? request) =>
        request is null ? -1 : _requests.FindIndex(known => known.Mark.Request == request.Request);

    private void Keep(DateTimeOffset until) => KeepUntil = until > KeepUntil ? until : KeepUntil;
}
