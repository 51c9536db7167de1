using System.Globalization;
using System.Text.RegularExpressions;
using StackExchange.Redis;
using VirtualNumber.Leasing;
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
    /// <summary>Put in front of others, run by nobody alone.</summary>
    private static readonly string[] s_shared = ["Record", "Ledger"];

    private static readonly IReadOnlyList<string> s_files = Scripts.Files;

    private static readonly string[] s_steps = [.. Scripts.Files.Except(s_shared)];

    [Test]
    public void Every_file_is_a_script_of_some_step() =>
        Assert.That(Scripts.All.Select(script => script.Name).Distinct(), Is.EquivalentTo(s_steps));

    [TestCaseSource(nameof(s_files))]
    public void A_script_touches_declared_keys_only(string stem) => Assert.That(Undeclared(Scripts.Read(stem), Shared(stem)), Is.Empty);

    [TestCaseSource(nameof(s_files))]
    public void A_script_asks_Redis_neither_for_the_time_nor_for_chance(string stem) => Assert.That(Chances(Scripts.Read(stem)), Is.Empty);

    [TestCase("redis.call('GET', 'vn:{b1}:free')")]
    [TestCase("redis.call('GET', KEYS[1] .. ':free')")]
    [TestCase("redis.call('GET', ARGV[1])")]
    [TestCase("local key = 'vn:' .. ARGV[1]\nredis.call('GET', key)")]
    [TestCase("local set = ({a = ARGV[1]})[ARGV[2]]\nredis.pcall('GET', set)")]
    [TestCase("local command = 'GET'\nredis.call(command, KEYS[1])")]
    public void An_undeclared_key_is_found(string text) => Assert.That(Undeclared(text, ""), Is.Not.Empty);

    [TestCase("local A, B = unpack(KEYS)\nlocal set = ({a = A, b = B})[ARGV[1]]\nredis.call('GET', set)")]
    [TestCase("local A = KEYS[1]\nfor _, key in ipairs({A, KEYS[2]}) do redis.call('DEL', key) end")]
    public void A_declared_key_passes(string text) => Assert.That(Undeclared(text, ""), Is.Empty);

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

        Assert.That(sent.Keys, Is.EquivalentTo(s_steps));
        Assert.Multiple(() =>
        {
            foreach (var (stem, calls) in sent)
            {
                var header = Header(stem);
                foreach (var (keys, arguments) in calls)
                {
                    Assert.That(keys, Is.EqualTo(header.Keys), $"{stem}: keys");
                    Assert.That(arguments, header.Open ? Is.GreaterThanOrEqualTo(header.Arguments) : Is.EqualTo(header.Arguments), $"{stem}: arguments");
                }
            }
        });
    }

    private async Task TakeEveryStepAsync()
    {
        var block = await AddBlockAsync(inStock: 2);
        var (_, record) = (await ClaimAsync("r1", "c0", block.Id, T0, delivery: "other"), await LeaseAsync("c1", block.Id, T0));
        await ReplaceAsync("r1", "c0", ended: false, "c2", block.Id, T0, delivery: "other");
        await BindAsync("r2", ClaimOf(record), T0);
        await DecideAsync(DeliveryStatus.PickedUp, T0, T0);
        await Steps.ReadLedgerAsync(DigestOf("delivery"), T0, None);
        await ApplyAsync(ClaimOf(record), 1, T0 + Day, T0 + Second);
        await ExtendAsync(record, "e1", T0 + Second);
        await ReassignAsync(record, "a1", "n2", T0 + Second);
        await Steps.FindAsync(ClaimOf(record), None);
        await ReleaseAsync(record, T0 + Minute);
        await ReclaimAsync(T0 + Day);
        await Stock.GetStatsAsync(block.Pool, 0, 10, T0, None);
    }

    /// <summary>What Redis was asked meanwhile: for each script how many keys and arguments, call by call.</summary>
    private static async Task<Dictionary<string, List<(int Keys, int Arguments)>>> MonitorAsync(Func<Task> what)
    {
        var connection = await RedisStoreUnderTest.Single.GetConnectionAsync();
        var server = (await RedisStoreUnderTest.Single.GetMastersAsync())[0];
        foreach (var script in Scripts.All)
            await server.ScriptLoadAsync(script.Text);

        using var monitor = await RedisMonitor.StartAsync(((System.Net.IPEndPoint)connection.GetEndPoints()[0]).Port);
        await what();
        var lines = await monitor.ReadLinesAsync(connection);

        var names = Scripts.All.DistinctBy(script => script.Name)
            .ToDictionary(script => Convert.ToHexStringLower(script.Digest), script => script.Name);
        return lines.Select(line => Token().Matches(line).Select(token => token.Groups[1].Value).ToList())
            .Where(tokens => tokens.Count > 2 && tokens[0] == "EVALSHA")
            .Select(tokens => (Name: names[tokens[1].ToLowerInvariant()], Keys: int.Parse(tokens[2], CultureInfo.InvariantCulture), tokens.Count))
            .GroupBy(call => call.Name)
            .ToDictionary(group => group.Key, group => group.Select(call => (call.Keys, call.Count - 3 - call.Keys)).ToList());
    }

    /// <summary>How many keys and arguments a header tells of, that of the shared file included, and whether more may follow.</summary>
    private static (int Keys, int Arguments, bool Open) Header(string stem)
    {
        var own = Comments(Scripts.Read(stem));
        var numbers = ArgumentNumber().Matches(ArgumentList().Match(own).Value);
        // The first ones, which every script on that kind of key gets, are told of once.
        var last = numbers.Concat(SharedArgument().Matches(Comments(Shared(stem)))).Max(NumberOf);
        return (KeysOf(Comments(Shared(stem)) + own), last, numbers.Any(number => number.Groups[2].Length > 0));
    }

    private static int NumberOf(Match match) => int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture);

    private static int KeysOf(string text) =>
        KeyList().Match(text).Groups[1].Value.Split(',', StringSplitOptions.RemoveEmptyEntries).Length;

    private static string Shared(string stem) =>
        Array.Find(s_shared, shared => shared != stem && Scripts.All.Any(script =>
            script.Name == stem && script.Text.StartsWith(Scripts.Read(shared), StringComparison.Ordinal))) is { } found
            ? Scripts.Read(found)
            : "";

    private static string Comments(string text) =>
        string.Join(' ', text.Split('\n').TakeWhile(line => line.StartsWith("--", StringComparison.Ordinal)).Select(line => line.TrimStart('-', ' '))) + ' ';

    private static IEnumerable<string> Undeclared(string text, string shared)
    {
        var code = Comment().Replace(shared + text, "");
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

    [GeneratedRegex(@"--[^\n]*")]
    private static partial Regex Comment();

    [GeneratedRegex(@"local\s+([\w\s,]+?)\s*=\s*unpack\(KEYS\)")]
    private static partial Regex Unpacked();

    [GeneratedRegex(@"local\s+(\w+)\s*=\s*KEYS\[\d+\]")]
    private static partial Regex Single();

    [GeneratedRegex(@"^KEYS\[\d+\]$")]
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
