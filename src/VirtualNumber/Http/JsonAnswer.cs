namespace VirtualNumber.Http;

/// <summary>A body of JSON, of known length, so that the connection can go on.</summary>
internal static class JsonAnswer
{
    public const string MediaType = "application/json";

    public static async Task WriteAsync(HttpResponse response, ReadOnlyMemory<byte> body)
    {
        response.ContentType = MediaType;
        response.ContentLength = body.Length;
        // A route is never answered from a cache, a proxy's neither.
        response.Headers.CacheControl = "no-store";
        await response.BodyWriter.WriteAsync(body);
    }
}
