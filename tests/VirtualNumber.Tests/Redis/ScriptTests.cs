using System.Globalization;
using System.Text.RegularExpressions;
using StackExchange.Redis;
using VirtualNumber.Leasing;
using VirtualNumber.Protocol;
using VirtualNumber.Redis;
using VirtualNumber.Tests.Protocol;
using VirtualNumber.Tests.Repository;

namespace VirtualNumber.Tests.Redis;

/// <summary>
/// Every key that a script touches is one that its caller declared, and all of them are on one slot; no script asks Redis for the time or
/// for chance; and what its header says of its arguments is what the store sends.
/// </summary>
public sealed partial class ScriptTests() : StoreTests(RedisStoreUnderTest.Single)
{
    private static readonly IReadOnlyList<string> s_files = Scripts.Files;

    private static readonly string[] s_scripts = [.. Scripts.All.Select(NameOf)];

    [Test]
    public void Every_file_is_of_a_script_of_some_step() =>
        Assert.That(Scripts.All.SelectMany(script => script.Stems).Distinct(), Is.EquivalentTo(s_files));

    /// <summary>All others answer only once replicas have what they answer, where that is declared. Whoever adds a script decides here.</summary>
    [Test]
    public void These_scripts_never_wait_for_replicas() => Assert.That(
        Scripts.All.Where(script => !script.IsConfirmed).Select(script => script.Name).Distinct(),
        Is.EquivalentTo(new[] { "Beat", "Count", "CountShared", "Fit", "Look", "Reclaim", "ReclaimShared", "RecordCall", "ResolvePair", "Tally" }));

    [Test]
    public void These_scripts_wait_for_replicas_where_that_is_declared() => Assert.That(
        Scripts.All.Where(script => script.IsConfirmed).Select(script => script.Name).Distinct(),
        Is.EquivalentTo(new[]
        {
            "AppendEvents", "AppendRegistry", "Apply", "Bind", "Change", "ChangeShared", "Claim", "ClaimPushes", "Confirm", "ConfirmShared", "Decide", "Discard", "EndPush", "Extend", "Find", "Get", "Health", "ReadChanges", "ReadEvents", "ReadLedger", "Reassign", "ReassignPair",
            "Release", "Replace", "ReportCallEvents", "RetryPushes", "Stock", "StockShared", "Take", "TakeShared",
        }));

    [TestCaseSource(nameof(s_scripts))]
    public void A_script_touches_declared_keys_only(string name) =>
        Assert.That(Undeclared(Scripts.All.Single(script => NameOf(script) == name).Text), Is.Empty);

    [TestCaseSource(nameof(s_files))]
    public void A_script_asks_Redis_neither_for_the_time_nor_for_chance(string stem) => Assert.That(Chances(Scripts.Read(stem)), Is.Empty);

    [TestCase("redis.call('GET', 'vn:{b1}:free')")]
    [TestCase("redis.call('GET', KEYS[1] .. ':free')")]
    [TestCase("redis.call('GET', ARGV[1])")]
    [TestCase("local key = 'vn:' .. ARGV[1]\nredis.call('GET', key)")]
    [TestCase("local set = ({a = ARGV[1]})[ARGV[2]]\nredis.pcall('GET', set)")]
    [TestCase("local command = 'GET'\nredis.call(command, KEYS[1])")]
    public void An_undeclared_key_is_found(string text) => Assert.That(Undeclared(text), Is.Not.Empty);

    [TestCase("local A, B = unpack(KEYS)\nlocal set = ({a = A, b = B})[ARGV[1]]\nredis.call('GET', set)")]
    [TestCase("local A = KEYS[1]\nfor _, key in ipairs({A, KEYS[2]}) do redis.call('DEL', key) end")]
    public void A_declared_key_passes(string text) => Assert.That(Undeclared(text), Is.Empty);

    [TestCase("local now = redis.call('TIME')")]
    [TestCase("local slot = redis.call('SRANDMEMBER', KEYS[1])")]
    [TestCase("local index = math.random(5)")]
    [TestCase("local now = os.time()")]
    public void A_question_for_the_time_or_for_chance_is_found(string text) => Assert.That(Chances(text), Is.Not.Empty);

    /// <summary>By default the client asks a replica when the primary is away, and that may not have been told yet.</summary>
    [Test]
    public void Every_command_besides_the_scripts_goes_to_the_primary()
    {
        var commands = Directory.GetFiles(Sources.At("src", "VirtualNumber", "Redis"), "*.cs")
            .SelectMany(file => Command().Matches(File.ReadAllText(file))).Select(match => match.Value).ToList();

        Assert.That(commands, Has.Count.GreaterThan(5));
        Assert.That(commands.Where(command => !command.Contains("Primary", StringComparison.Ordinal)), Is.All.Contains(".PublishAsync("));
    }

    /// <summary>What a static look may miss: a cluster runs a script only where its keys are, and lets it touch no other slot.</summary>
    [Test]
    public async Task A_cluster_refuses_a_script_that_touches_a_key_of_another_slot()
    {
        var database = (await RedisStoreUnderTest.Cluster.GetConnectionAsync()).GetDatabase();

        Assert.That(
            async () => await database.ScriptEvaluateAsync("return redis.call('GET', ARGV[1])", [Keys.Routes(1)], [(string)Keys.Routes(2)!]),
            Throws.TypeOf<RedisServerException>().With.Message.Contains("non local key"));
    }

    [Test]
    public async Task What_is_sent_is_what_the_header_says()
    {
        var sent = await MonitorAsync(TakeEveryStepAsync);

        Assert.That(sent.Keys.Select(NameOf), Is.EquivalentTo(Scripts.All.Select(NameOf)));
        Assert.Multiple(() =>
        {
            foreach (var (script, calls) in sent)
            {
                var header = Header(script);
                foreach (var (keys, arguments) in calls)
                {
                    // One that serves either kind of block names none.
                    Assert.That(keys, header.Keys == 1 && script.Stems[0] == "Marked" ? Is.AnyOf(13, 15) : Is.EqualTo(header.Keys), $"{NameOf(script)}: keys");
                    Assert.That(
                        arguments, header.Open ? Is.GreaterThanOrEqualTo(header.Arguments) : Is.EqualTo(header.Arguments), $"{NameOf(script)}: arguments");
                }
            }
        });
    }

    /// <summary>All modes, and with them either kind of block.</summary>
    private async Task TakeEveryStepAsync()
    {
        await ReplaceAndBindAsync();
        await DecideAsync(DeliveryStatus.PickedUp, T0, T0);
        await Steps.ReadLedgerAsync(DigestOf("delivery"), T0, None);
        await Steps.CountAsync(new CountStep(DigestOf("counter"), 5, Minute, BarredFor: null), T0, None);
        await Steps.BeatAsync("gateway", new InstanceBeat("instance", T0, 1), None);
        await Running.Events.AppendEventsAsync(new(DigestOf("stream"), 1, default, new(0, 1), [LeaseEvent.Lost(1, default, T0)], T0, 1), T0, None);
        await Running.Events.ReadEventsAsync(DigestOf("stream"), null, 1, None);
        var queue = new PushQueueKey(DigestOf("stream"), DigestOf("webhook"));
        await Running.Pushes.ClaimPushesAsync(new(queue, 1, 1, 1, 1, Minute), T0, None);
        await Running.Pushes.EndPushAsync(new(queue, "1-1", 1, PushFault.Timeout, null), T0, None);
        await Running.Pushes.RetryParkedAsync(queue, ["1-1"], 1, T0, None);
        foreach (var mode in Enum.GetValues<PoolMode>())
            await TakeEveryStepAsync(mode);
    }

    private async Task ReplaceAndBindAsync()
    {
        var block = await AddBlockAsync();
        await ClaimAsync("r1", "c0", block.Id, T0, delivery: "other");
        await ReplaceAsync("r1", "c0", ended: false, "c2", block.Id, T0, delivery: "other");
        await BindAsync("r2", new Claim(ClaimIdOf("c0"), block.Id, T0), T0);
    }

    private async Task TakeEveryStepAsync(PoolMode mode)
    {
        var shared = mode != PoolMode.Direct;
        var (pool, _) = await Stock.CreatePoolAsync(
            PoolOf($"{mode}", Hour) with { Mode = mode, Density = shared ? 2 : 1, ExtensionLength = mode == PoolMode.Extension ? 2 : 0 }, None);
        await Stock.AddNumbersAsync(pool, new([$"799{(int)mode:000000}", $"798{(int)mode:000000}"], []), T0, None);
        var parties = mode == PoolMode.Pair ? new PairParties(DigestOf("n1"), DigestOf("n2")) : default(PairParties?);
        var block = (await Steps.ChooseBlockAsync(new BlockChoice(Tenant, pool.PoolId, [], null, parties), T0, None))!.Value;
        var claim = new Claim(ClaimIdOf($"{mode}"), block, T0);
        var take = await Steps.TakeAsync(
            new TakeStep(claim, DigestOf("delivery"), DeliveryRole.Recipient, 0, T0 + Day, SealOf("n1"), DigestOf("n1"))
            {
                Choice = shared ? new SlotChoice([1, 2], 0) : null,
                Pair = mode == PoolMode.Pair ? new PairSide(DigestOf("n2"), SealOf("n2"), CallDirection.Both) : null,
            },
            T0,
            None);
        var record = take.Record!;
        await Steps.ResolveAsync(new RouteStep(record.Number, record.Slot % pool.SlotsPerNumber(), DigestOf("n2")), T0, None);
        await CallAsync(record);
        await ApplyAsync(claim, 1, T0 + Day, T0 + Second);
        await ExtendAsync(record, "e1", T0 + Second);
        await ReassignAsync(record, "a1", "n3", T0 + Second);
        await Steps.FindAsync(claim, None);
        await Steps.GetAsync(HolderOf(record), None);
        await Steps.ReportHealthAsync(new HealthStep(record.Number, NumberHealth.Faulty, T0, "no-answer", Hour), T0, None);
        await Stock.ChangeNumbersAsync(pool, new([], [record.Number]), StockChange.Suspend, T0, None);
        await Stock.GetRoomAsync(pool, null, parties, T0, None);
        await ReleaseAsync(record, T0 + Minute);
        await ReclaimAsync(T0 + Day);
        await Running.Events.ReadChangesAsync(block, default, 10, None);
        await BarAndConfirmAsync(pool, block, record);
    }

    private async Task CallAsync(LeaseRecord record)
    {
        var (lease, source, keeping) = (new LeaseOfCall(record.Slot, record.LeaseTime), new CallSource(CallKind.Voice, "gw", "call", SealOf("n3")), new CallKeeping(Hour, 10));
        var frequency = new CallFrequency(DigestOf("frequency"), [new CallLimit { Count = 2, Within = Minute }]);
        await Steps.RecordCallAsync(new CallStep(record.Number, DigestOf("call"), ResolveOutcome.Connect, lease, source, frequency, keeping), T0, None);
        await Steps.ReportCallEventsAsync(
            new CallEventsStep(record.Block, DigestOf("call"), lease, source, [new(CallEventKind.Ringing, T0, CallSide.Unspecified, 0, 180)], keeping), T0, None);
    }

    /// <summary>
    /// Another block stands in the place of the one that was leased from; once an operator has confirmed that, what was written then is
    /// not there any more.
    /// </summary>
    private async Task BarAndConfirmAsync(Pool pool, uint block, LeaseRecord record)
    {
        var database = (await RedisStoreUnderTest.Single.GetConnectionAsync()).GetDatabase();
        await database.HashSetAsync(Keys.OfBlock(block)[0], "block", "another one");
        await Assert.ThrowsAsync<StoreUnavailableException>(
            () => Stock.AddNumbersAsync(pool, new([record.Number.NationalNumber[..^2]], []), T0, None).AsTask());
        Assert.That(await Stock.ConfirmBlocksAsync(pool, new(null, null, LeaseAtOnce: false), T0, None), Is.EqualTo(1));
        await database.ExecuteAsync("XTRIM", Keys.Log(block), "MAXLEN", 0);
        var call = new RouteStep(record.Number, record.Slot % pool.SlotsPerNumber(), DigestOf("n2"));
        await Assert.ThrowsAsync<StoreUnavailableException>(() => Steps.ResolveAsync(call, T0, None).AsTask());
    }

    /// <summary>What Redis was asked meanwhile: for each script how many keys and arguments, call by call.</summary>
    private static async Task<Dictionary<Script, List<(int Keys, int Arguments)>>> MonitorAsync(Func<Task> what)
    {
        var connection = await RedisStoreUnderTest.Single.GetConnectionAsync();
        var server = (await RedisStoreUnderTest.Single.GetMastersAsync())[0];
        foreach (var script in Scripts.All)
            await server.ScriptLoadAsync(script.Text);

        using var monitor = await RedisMonitor.StartAsync(((System.Net.IPEndPoint)connection.GetEndPoints()[0]).Port);
        await what();
        var lines = await monitor.ReadLinesAsync(connection);

        var scripts = Scripts.All.ToDictionary(script => Convert.ToHexStringLower(script.Digest));
        return lines.Select(line => Token().Matches(line).Select(token => token.Groups[1].Value).ToList())
            .Where(tokens => tokens.Count > 2 && tokens[0] == "EVALSHA")
            .Select(tokens => (Script: scripts[tokens[1].ToLowerInvariant()], Keys: int.Parse(tokens[2], CultureInfo.InvariantCulture), tokens.Count))
            .GroupBy(call => call.Script)
            .ToDictionary(group => group.Key, group => group.Select(call => (call.Keys, call.Count - 3 - call.Keys)).ToList());
    }

    /// <summary>How many keys and arguments a header tells of, those of the shared files included, and whether more may follow.</summary>
    private static (int Keys, int Arguments, bool Open) Header(Script script)
    {
        var own = Comments(Scripts.Read(script.Name));
        var shared = string.Concat(script.Stems.SkipLast(1).Select(stem => Comments(Scripts.Read(stem))));
        var numbers = ArgumentNumber().Matches(ArgumentList().Match(own).Value);
        // The first ones, which every script on that kind of key gets, are told of once.
        var last = numbers.Concat(SharedArgument().Matches(shared)).Max(NumberOf);
        // Marked.lua takes one off the end, which nobody else numbers.
        return (KeysOf(shared + own), last + (script.Stems[0] == "Marked" ? 1 : 0), numbers.Any(number => number.Groups[2].Length > 0));
    }

    /// <summary>The same step on another kind of block is another script under the same name.</summary>
    private static string NameOf(Script script) => string.Join(" + ", script.Stems);

    private static int NumberOf(Match match) => int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture);

    private static int KeysOf(string text) =>
        KeyList().Match(text).Groups[1].Value.Split(',', StringSplitOptions.RemoveEmptyEntries).Length;

    private static string Comments(string text) =>
        string.Join(' ', text.Split('\n').TakeWhile(line => line.StartsWith("--", StringComparison.Ordinal)).Select(line => line.TrimStart('-', ' '))) + ' ';

    private static IEnumerable<string> Undeclared(string text)
    {
        var code = Keyless().Replace(Comment().Replace(text, ""), "");
        var bound = Unpacked().Matches(code).SelectMany(match => match.Groups[1].Value.Split(',', StringSplitOptions.TrimEntries))
            .Concat(Single().Matches(code).Select(match => match.Groups[1].Value))
            .ToHashSet();

        bool IsDeclared(string expression) =>
            bound.Contains(expression) || DeclaredKey().IsMatch(expression) || IsChosenAmongDeclared(expression);

        // A table of keys, one of which is chosen; or a name for such a choice.
        bool IsChosenAmongDeclared(string name) =>
            Definitions(code, name).ToList() is { Count: > 0 } definitions && definitions.All(definition =>
                !definition.Contains("..", StringComparison.Ordinal)
                && Chosen().Match(definition) is { Success: true } choice
                && Item().Matches(choice.Groups[1].Value).Select(item => item.Groups[1].Value).ToList() is { Count: > 0 } items
                && items.All(IsDeclared));

        return Call().Matches(code).Where(call => !IsDeclared(call.Groups[1].Value.Trim())).Select(call => call.Value)
            .Concat(AnyCall().Matches(code).Select(call => call.Value).Where(call => !Call().IsMatch(call + "', K)")));
    }

    private static IEnumerable<string> Definitions(string code, string name) =>
        Regex.Matches(code, $@"\b(?:local\s+{name}\s*=\s*|for\s+\w+\s*,\s*{name}\s+in\s+ipairs)([^\n]*)").Select(match => match.Groups[1].Value)
            .Select(definition => Regex.Match(definition, @"^\((\w+)\)\s*do\b") is { Success: true } named
                ? Definitions(code, named.Groups[1].Value).FirstOrDefault() ?? ""
                : definition);

    private static IEnumerable<string> Chances(string text) => Chance().Matches(Comment().Replace(text, "")).Select(match => match.Value);

    [GeneratedRegex(@"\bdatabase\.\w+Async\([^\n]*")]
    private static partial Regex Command();

    /// <summary>The one command without a key.</summary>
    [GeneratedRegex(@"redis\.call\('INFO', 'replication'\)")]
    private static partial Regex Keyless();

    [GeneratedRegex(@"--[^\n]*")]
    private static partial Regex Comment();

    [GeneratedRegex(@"local\s+([\w\s,]+?)\s*=\s*unpack\(KEYS\)")]
    private static partial Regex Unpacked();

    [GeneratedRegex(@"local\s+(\w+)\s*=\s*KEYS\[\d+\]")]
    private static partial Regex Single();

    /// <summary>One of them, or all.</summary>
    [GeneratedRegex(@"^(KEYS\[\d+\]|unpack\(KEYS)$")]
    private static partial Regex DeclaredKey();

    /// <summary>A table of names, whether indexed, walked or kept.</summary>
    [GeneratedRegex(@"^\(?\(?\{(.*)\}\)?(?:\[.*\])?\)?\s*(?:do\b.*)?$")]
    private static partial Regex Chosen();

    [GeneratedRegex(@"(?:\w+\s*=\s*)?\{?\s*(KEYS\[\d+\]|[\w.\[\]']+)\s*\}?\s*(?:,|$)")]
    private static partial Regex Item();

    /// <summary>A command with its name written out, and what stands where its key is.</summary>
    [GeneratedRegex(@"redis\.p?call\(\s*'[A-Z]+'\s*,\s*([^,)]+)")]
    private static partial Regex Call();

    [GeneratedRegex(@"redis\.p?call\(\s*('[A-Z]+)?")]
    private static partial Regex AnyCall();

    [GeneratedRegex(@"'(TIME|RANDOMKEY|SRANDMEMBER|HRANDFIELD|ZRANDMEMBER|SPOP)'|\bmath\.random|\bos\.")]
    private static partial Regex Chance();

    [GeneratedRegex(@"KEYS(?: are always)?: ([^.]*)\.")]
    private static partial Regex KeyList();

    /// <summary>Up to what the script answers.</summary>
    [GeneratedRegex(@"ARGV:.*?(?=Answers|$)")]
    private static partial Regex ArgumentList();

    [GeneratedRegex(@"(?:ARGV:|[,;])\s*(\d+)(\.\.)?\s")]
    private static partial Regex ArgumentNumber();

    [GeneratedRegex(@"ARGV\[(\d+)\]")]
    private static partial Regex SharedArgument();

    [GeneratedRegex(@"""((?:[^""\\]|\\.)*)""")]
    private static partial Regex Token();
}
