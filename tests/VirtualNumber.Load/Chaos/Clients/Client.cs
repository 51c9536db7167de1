using VirtualNumber.Load.Chaos.Bed;

namespace VirtualNumber.Load.Chaos.Clients;

/// <summary>One after the other, deliveries from their lease to its end and beyond. What it does is a function of its seed and of the answers.</summary>
internal sealed class Client
{
    /// <summary>So many of its leases it keeps to the end of the run.</summary>
    private const int Kept = 2;

    private const int MostVisits = 12;

    private readonly int _number;
    private readonly Dice _random;
    private readonly Caller _caller;
    private readonly int _instances;
    private readonly Queue<(Holding Holding, long Due)> _visits = new();
    private readonly List<Holding> _kept = [];
    private int _deliveries;
    private int _persons;

    public Client(int number, int seed, IReadOnlyList<Instance> instances, History history)
    {
        (_number, _instances) = (number, instances.Count);
        _random = new Dice(unchecked((seed * 1_000_003) + number));
        _caller = new Caller(number, instances, history);
    }

    /// <summary>Until it is told to stop: then it finishes the delivery that it has.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            await VisitAsync();
            if (_kept.Count > 0 && _random.Next(4) == 0)
                await new Delivery(_caller, _random, _instances, NewPerson).LookAtAsync(_kept[_random.Next(_kept.Count)]);
            var delivery = new Delivery(_caller, _random, _instances, NewPerson);
            foreach (var holding in await delivery.RunAsync($"C{_number}-{_deliveries++}", keep: _kept.Count < Kept))
            {
                if (holding.Keep)
                    _kept.Add(holding);
                else if (_visits.Count < MostVisits)
                    _visits.Enqueue((holding, _caller.Clock.Now + TimeSpan.FromSeconds(1 + (11 * _random.NextDouble())).Ticks));
            }
        }
    }

    /// <summary>Back to leases that ended a while ago: they rest, and nobody is to be reached by them.</summary>
    private async Task VisitAsync()
    {
        while (_visits.TryPeek(out var visit) && visit.Due <= _caller.Clock.Now)
        {
            _visits.Dequeue();
            await new Delivery(_caller, _random, _instances, NewPerson).LookAtAsync(visit.Holding);
        }
    }

    private string NewPerson() => Persons.Unique(_number, _persons++);
}

/// <summary>A lease as its client knows it.</summary>
internal sealed class Holding
{
    public required LeaseOrder Order { get; init; }

    public required SeenLease Lease { get; init; }

    public required string Holder { get; set; }

    public required string Peer { get; set; }

    public bool Keep { get; init; }

    public bool IsPair => Peer.Length > 0;

    /// <summary>How many requests on it were made.</summary>
    public int Requests { get; set; }
}
