namespace VirtualNumber.Http;

/// <summary>The body of a request is of another media type than JSON in UTF-8.</summary>
internal sealed class MediaTypeException : Exception;
