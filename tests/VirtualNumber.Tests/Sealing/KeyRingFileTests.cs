using System.Text;
using NUnit.Framework.Constraints;
using VirtualNumber.Sealing;

namespace VirtualNumber.Tests.Sealing;

public class KeyRingFileTests
{
    private static readonly string Key1 = Convert.ToBase64String(TestRing.Run(0));
    private static readonly string Key2 = Convert.ToBase64String(TestRing.Run(32));
    private static readonly string Index = Convert.ToBase64String(TestRing.IndexKey());
    private static readonly string Valid =
        $$"""
        {
          "version": 1,
          "currentKeyId": 2,
          "keys": [
            { "id": 1, "createdTime": "1970-01-02T00:00:00+00:00", "material": "{{Key1}}" },
            { "id": 2, "createdTime": "1970-01-03T00:00:00+00:00", "material": "{{Key2}}" }
          ],
          "indexKey": "{{Index}}"
        }
        """;

    private static readonly TestCaseData[] Faults =
    [
        Fault("", "not valid JSON from line 1, byte 1"),
        Fault(Valid[..^2], "not valid JSON from line 8, byte 61"),
        Fault(Valid.Replace($"\"{Key2}\"", Key2), "not valid JSON from line 6, byte 72"),
        Fault(Valid.Replace("\"version\"", "\"indexKey\": \"A\", \"version\""), "a property is there twice in one object"),
        Fault($"[\"{Key1}\"]", "the file must be an object"),
        Fault(Valid.Replace("\"version\"", $"\"{Key1}\""), "version is missing"),
        Fault(Valid.Replace("\"version\": 1", "\"version\": 2"), "version must be 1"),
        Fault(Valid.Replace("\"version\": 1", $"\"version\": \"{Key1}\""), "version must be 1"),
        Fault(Valid.Replace("currentKeyId", "current"), "currentKeyId is missing"),
        Fault(Valid.Replace("\"currentKeyId\": 2", "\"currentKeyId\": 256"), "currentKeyId must be a whole number from 0 to 255"),
        Fault(Valid.Replace("\"currentKeyId\": 2", "\"currentKeyId\": 3"), "the current key 3 is not among the keys"),
        Fault(Valid.Replace("\"keys\"", "\"kees\""), "keys is missing"),
        Fault($$"""{"version": 1, "currentKeyId": 1, "keys": "{{Key1}}"}""", "keys must be an array"),
        Fault($$"""{"version": 1, "currentKeyId": 1, "keys": ["{{Key1}}"]}""", "keys[0] must be an object"),
        Fault(Valid.Replace("\"id\": 2", "\"id\": -1"), "keys[1].id must be a whole number from 0 to 255"),
        Fault(Valid.Replace("\"id\": 2", "\"id\": 1.5"), "keys[1].id must be a whole number from 0 to 255"),
        Fault(Valid.Replace("\"id\": 2", "\"id\": 1"), "key 1 is there twice"),
        Fault(Valid.Replace("1970-01-03T00:00:00+00:00", "yesterday"), "keys[1].createdTime must be a time such as 2026-01-05T08:00:00Z"),
        Fault(Valid.Replace($"\"{Key2}\"", "12"), "keys[1].material must be a text in base64"),
        Fault(Valid.Replace(Key2, Key2[1..]), "keys[1].material must be a text in base64"),
        Fault(Valid.Replace(Key2, Key2[4..]), "key 2 has 29 bytes; it must have 32"),
        Fault(Valid.Replace(Key2, Key1), "key 2 has the same material as key 1"),
        Fault(Valid.Replace("indexKey", "index"), "indexKey is missing"),
        Fault(Valid.Replace(Index, Index + "AAAA"), "indexKey must be a text in base64"),
        Fault(Valid.Replace(Index, "AAAA"), "the index key has 3 bytes; it must have 32"),
        Fault(Valid.Replace(Index, Key1), "key 1 has the same material as the index key"),
    ];

    private DirectoryInfo _folder = null!;

    private string FilePath => Path.Combine(_folder.FullName, "vn-keys.json");

    [SetUp]
    public void Make_a_folder() => _folder = Directory.CreateTempSubdirectory("vn-keys-");

    [TearDown]
    public void Remove_the_folder() => _folder.Delete(recursive: true);

    [Test]
    public void Form_is_pinned()
    {
        using var ring = TestRing.OneAndTwo(current: 2);
        using var read = KeyRingFile.Parse(Encoding.UTF8.GetBytes(Valid), "test");
        AssertSame(read, ring);

        using var written = KeyRingFile.Parse(KeyRingFile.Write(ring), "test");
        AssertSame(written, ring);
    }

    [Test]
    public void Largest_ring_fits_into_a_file()
    {
        var keys = Enumerable.Range(0, 256).Select(id => new RingKey((byte)id, TestRing.Run(id), DateTimeOffset.MaxValue));
        using var ring = new KeyRing(255, keys, TestRing.Run(0).Reverse().ToArray());
        KeyRingFile.Save(ring, FilePath);
        using var loaded = KeyRingFile.Load(FilePath);
        AssertSame(loaded, ring);
    }

    [TestCaseSource(nameof(Faults))]
    public void Faulty_file_is_refused_with_the_cause_and_without_keys(string text, string cause)
    {
        var fault = Assert.Throws<KeyRingException>(() => KeyRingFile.Parse(Encoding.UTF8.GetBytes(text), "vn-keys.json"));
        Assert.That(fault.Message, Is.EqualTo($"Key ring vn-keys.json: {cause}."));

        // Logs print the whole exception, inner ones too.
        foreach (var secret in new[] { Key1, Key2, Index }.Select(key => key[4..12]))
        {
            Assert.That(fault.ToString(), Does.Not.Contain(secret));
        }
    }

    [Test]
    public void Saved_ring_belongs_to_its_owner_only()
    {
        using var ring = TestRing.One();
        KeyRingFile.Save(ring, FilePath);
        if (!OperatingSystem.IsWindows())
        {
            Assert.That(File.GetUnixFileMode(FilePath), Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite));
        }

        using var loaded = KeyRingFile.Load(FilePath);
        AssertSame(loaded, ring);
    }

    [Test]
    public void Ring_is_never_overwritten()
    {
        using var ring = TestRing.One();
        KeyRingFile.Save(ring, FilePath);
        Assert.Throws<IOException>(() => KeyRingFile.Save(TestRing.Two(), FilePath));
        using var loaded = KeyRingFile.Load(FilePath);
        AssertSame(loaded, ring);
    }

    [TestCase(UnixFileMode.GroupRead, "GroupRead")]
    [TestCase(UnixFileMode.GroupWrite, "GroupWrite")]
    [TestCase(UnixFileMode.OtherRead, "OtherRead")]
    [TestCase(UnixFileMode.OtherWrite, "OtherWrite")]
    [Platform(Exclude = "Win")]
    [System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
    public void File_open_to_others_is_refused(UnixFileMode mode, string shown)
    {
        KeyRingFile.Save(TestRing.One(), FilePath);
        File.SetUnixFileMode(FilePath, UnixFileMode.UserRead | mode);
        Assert.That(
            () => KeyRingFile.Load(FilePath),
            Refused($"Key ring {FilePath}: group or others have access to it ({shown}); allow its owner only (chmod 600)."));
    }

    [Test]
    public void Missing_file_is_told_as_such()
    {
        Assert.That(() => KeyRingFile.Load(FilePath), Refused($"Key ring {FilePath}: there is no such file."));
        var nowhere = Path.Combine(FilePath, "nowhere", "vn-keys.json");
        Assert.That(() => KeyRingFile.Load(nowhere), Refused($"Key ring {nowhere}: there is no such file."));
    }

    [Test]
    public void Unreadable_file_is_told_as_such() => Assert.That(
        () => KeyRingFile.Load(_folder.FullName),
        Throws.TypeOf<KeyRingException>().With.Message.StartsWith($"Key ring {_folder.FullName}: it cannot be read ("));

    [Test]
    public void Too_long_a_file_is_refused()
    {
        KeyRingFile.Save(TestRing.One(), FilePath);
        File.AppendAllText(FilePath, new string(' ', KeyRingFile.MaxLength));
        Assert.That(
            () => KeyRingFile.Load(FilePath),
            Refused($"Key ring {FilePath}: {new FileInfo(FilePath).Length} bytes is too long; at most 65536."));
    }

    private static TestCaseData Fault(string text, string cause) => new TestCaseData(text, cause).SetArgDisplayNames(cause);

    private static EqualStringConstraint Refused(string message) =>
        Throws.TypeOf<KeyRingException>().With.Message.EqualTo(message);

    private static void AssertSame(KeyRing actual, KeyRing expected)
    {
        Assert.That(actual.CurrentKeyId, Is.EqualTo(expected.CurrentKeyId));
        Assert.That(actual.IndexKey.ToArray(), Is.EqualTo(expected.IndexKey.ToArray()));
        Assert.That(
            actual.Keys.Select(key => (key.Id, key.CreatedTime, Convert.ToHexString(key.Material))),
            Is.EqualTo(expected.Keys.Select(key => (key.Id, key.CreatedTime, Convert.ToHexString(key.Material)))));
    }
}
