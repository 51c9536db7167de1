namespace VirtualNumber.Hosting;

/// <summary>The service does not start: its message tells the operator why, and what to do.</summary>
internal sealed class StartRefusedException(string message) : Exception(message);
