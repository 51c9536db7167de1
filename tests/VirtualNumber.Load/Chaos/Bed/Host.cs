using System.Net;
using System.Net.Sockets;

namespace VirtualNumber.Load.Chaos.Bed;

/// <summary>A machine of the bed, as the others see it.</summary>
internal abstract class Host
{
    public required string Name { get; init; }

    /// <summary>Where the others reach it.</summary>
    public required string Address { get; init; }

    /// <summary>Starts a program on it.</summary>
    public abstract ChildProcess Start(IReadOnlyList<string> words, IEnumerable<KeyValuePair<string, string>> settings, string folder);

    /// <summary>A socket of that machine, not connected.</summary>
    public abstract Socket NewSocket();

    /// <summary>A handler whose connections begin on that machine, so that its loopback interface is reached.</summary>
    public SocketsHttpHandler NewHandler(TimeSpan connectTimeout) => new()
    {
        UseProxy = false,
        ConnectTimeout = connectTimeout,
        ConnectCallback = async (context, cancellation) =>
        {
            var socket = NewSocket();
            try
            {
                socket.NoDelay = true;
                await socket.ConnectAsync(IPEndPoint.Parse($"{context.DnsEndPoint.Host}:{context.DnsEndPoint.Port}"), cancellation);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        },
    };
}
