using VirtualNumber.Http;

namespace VirtualNumber.Tests.Http;

/// <summary>Templates of paths, as google/api/http.proto defines them.</summary>
[TestFixture]
public sealed class PathTemplateTests
{
    [TestCase("/v1/leases", "/v1/leases", "")]
    [TestCase("/v1/leases:batchCreate", "/v1/leases:batchCreate", "")]
    [TestCase("/v1/leases/{lease_id}", "/v1/leases/abc", "lease_id=abc")]
    [TestCase("/v1/leases/{lease_id}:extend", "/v1/leases/abc:extend", "lease_id=abc")]
    [TestCase("/v1/{a.b}/x/{c}", "/v1/1/x/2", "a.b=1 c=2")]
    [TestCase("/v1/{name=shelves/*/books/*}", "/v1/shelves/1/books/2", "name=shelves/1/books/2")]
    [TestCase("/v1/{name=shelves/*}:move", "/v1/shelves/1:move", "name=shelves/1")]
    [TestCase("/v1/{rest=**}", "/v1/a/b/c", "rest=a/b/c")]
    [TestCase("/v1/{rest=files/**}:list", "/v1/files/a/b:list", "rest=files/a/b")]
    [TestCase("/v1/*/x", "/v1/anything/x", "")]
    [TestCase("/v1/**", "/v1", "")]
    [TestCase("/v1/{id}", "/v1/a%2fb", "id=a/b")]
    [TestCase("/v1/{rest=**}", "/v1/a%2Fb/c", "rest=a%2Fb/c")]
    [TestCase("/v1/{id}", "/v1/号码", "id=号码")]
    public void A_path_matches_with_its_values(string template, string path, string values)
    {
        Assert.That(PathTemplate.Parse(template).TryMatch(path, out var found), Is.True);
        Assert.That(string.Join(' ', found!.Select(value => $"{value.Field}={value.Text}")), Is.EqualTo(values));
    }

    [TestCase("/v1/leases", "/v1/leases/")]
    [TestCase("/v1/leases", "/V1/leases")]
    [TestCase("/v1/leases", "/v1/leases:batchCreate")]
    [TestCase("/v1/leases/{lease_id}", "/v1/leases/")]
    [TestCase("/v1/leases/{lease_id}", "/v1/leases")]
    [TestCase("/v1/leases/{lease_id}", "/v1/leases/a/b")]
    [TestCase("/v1/leases/{lease_id}", "/v1/leases/abc:extend")]
    [TestCase("/v1/leases/{lease_id}:extend", "/v1/leases/abc:release")]
    [TestCase("/v1/leases/{lease_id}:extend", "/v1/leases/abc")]
    [TestCase("/v1/leases/{lease_id}:extend", "/v1/leases/:extend")]
    [TestCase("/v1/{name=shelves/*}", "/v1/shelf/1")]
    [TestCase("/v1/{rest=files/**}", "/v1/other/a")]
    [TestCase("/v1/x", "*")]
    [TestCase("/v1/x", "")]
    public void Another_path_does_not(string template, string path) => Assert.That(PathTemplate.Parse(template).TryMatch(path, out _), Is.False);

    [TestCase("")]
    [TestCase("v1/leases")]
    [TestCase("/v1//leases")]
    [TestCase("/v1/{lease_id")]
    [TestCase("/v1/lease_id}")]
    [TestCase("/v1/{}")]
    [TestCase("/v1/{=*}")]
    [TestCase("/v1/{a={b}}")]
    [TestCase("/v1/**/x")]
    [TestCase("/v1/x*")]
    [TestCase("/v1/{a}/{a}")]
    public void What_is_no_template_is_refused(string text) => Assert.That(() => PathTemplate.Parse(text), Throws.TypeOf<FormatException>());
}
