using Grpc.Core;
using VirtualNumber.V1;

namespace VirtualNumber.Tests.Api;

[TestFixture]
public sealed class GetPoolTests : ApiTests
{
    [Test]
    public async Task A_pool_is_answered_as_it_was_made()
    {
        var created = (await Ops.CreatePoolAsync(Requests.CreatePool(Requests.PoolId))).Pool;
        Assert.That((await Ops.GetPoolAsync(Requests.GetPool())).Pool, Is.EqualTo(created));
    }

    [Test]
    public async Task An_unknown_pool_and_another_tenants_pool_are_not_found()
    {
        var ofBeta = Requests.GetPool();
        ofBeta.TenantId = TestService.Beta;
        foreach (var request in new[] { Requests.GetPool("elsewhere"), ofBeta })
        {
            var refusal = await RefusedCall.OfAsync(Ops.GetPoolAsync, request);
            refusal.Expect(StatusCode.NotFound, ErrorReason.PoolUnknown);
            Assert.That(refusal.Metadata, Is.EqualTo(new Dictionary<string, string> { ["field"] = "pool_id" }));
        }
    }
}
