using Grpc.Core;
using VirtualNumber.V1;

namespace VirtualNumber.Tests.Api;

[TestFixture]
public sealed class ListPoolsTests : ApiTests
{
    [Test]
    public async Task Pages_walk_the_tenants_pools_in_the_order_of_their_ids()
    {
        foreach (var id in new[] { "z", "b-2", "b", "b0" })
            await Ops.CreatePoolAsync(Requests.CreatePool(id));
        await Ops.CreatePoolAsync(Requests.CreatePool("c", tenant: TestService.Beta));

        var ids = new List<string>();
        var sizes = new List<int>();
        var token = "";
        do
        {
            var page = await Ops.ListPoolsAsync(Requests.ListPools(2, token));
            ids.AddRange(page.Pools.Select(pool => pool.PoolId));
            sizes.Add(page.Pools.Count);
            token = page.NextPageToken;
        }
        while (token.Length > 0);

        Assert.That(ids, Is.EqualTo(new[] { "b", "b-2", "b0", "main", "z" }));
        Assert.That(sizes, Is.EqualTo(new[] { 2, 2, 1 }));
    }

    [Test]
    public async Task A_pool_is_listed_as_it_is_read()
    {
        var pools = (await Ops.ListPoolsAsync(Requests.ListPools())).Pools;
        Assert.That(pools, Is.EqualTo(new[] { (await Ops.GetPoolAsync(Requests.GetPool())).Pool }));
    }

    [Test]
    public async Task The_token_of_the_last_pool_is_empty_also_when_the_page_is_full() =>
        Assert.That((await Ops.ListPoolsAsync(Requests.ListPools(1))).NextPageToken, Is.Empty);

    [TestCase(-1)]
    [TestCase(1_001)]
    public async Task A_page_size_out_of_range_is_a_fault(int size) =>
        (await RefusedCall.OfAsync(Ops.ListPoolsAsync, Requests.ListPools(size)))
            .Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "page_size");

    [Test]
    public async Task The_token_of_another_tenant_is_refused()
    {
        await Ops.CreatePoolAsync(Requests.CreatePool("more"));
        var request = Requests.ListPools(1, (await Ops.ListPoolsAsync(Requests.ListPools(1))).NextPageToken);
        request.TenantId = TestService.Beta;
        (await RefusedCall.OfAsync(Ops.ListPoolsAsync, request)).Expect(StatusCode.InvalidArgument, ErrorReason.PageTokenInvalid, "page_token");
    }
}
