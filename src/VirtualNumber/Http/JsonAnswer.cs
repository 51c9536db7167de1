namespace VirtualNumber.Http;

/// <summary>A body of JSON, of known length, so that the connection can go on.</summary>
internal static class JsonAnswer
{
    public const string MediaType = "application/json";

    public static async Task WriteAsync(HttpResponse response, ReadOnlyMemory<byte> body)
    {
        response.ContentType = MediaType;
        response.ContentLength = body.Length;
        await response.BodyWriter.WriteAsync(body);
    }
}
