using System.Net;
using System.Net.Sockets;
using VirtualNumber.Load.Fuzz;

namespace VirtualNumber.Tests.Faults;

/// <summary>A connection in HTTP/2, by hand: it does what no proper client does.</summary>
internal sealed class RawConnection : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

    private RawConnection()
    {
    }

    /// <summary>Connects and says what both sides begin with.</summary>
    /// <param name="address">The service.</param>
    /// <param name="from">The address to come from: 10,000 connections are too many for one when others hold ports, too.</param>
    /// <param name="settings">The payload of this side's SETTINGS.</param>
    public static async Task<RawConnection> OpenAsync(Uri address, IPAddress? from = null, byte[]? settings = null)
    {
        var connection = new RawConnection();
        try
        {
            connection._socket.Bind(new IPEndPoint(from ?? IPAddress.Loopback, 0));
            await connection._socket.ConnectAsync(address.Host, address.Port);
            await connection.SendAsync([.. Http2Bytes.Preface, .. Http2Bytes.Frame(Http2Bytes.Settings, 0, 0, settings ?? [])]);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    public async Task SendAsync(byte[] bytes) => await _socket.SendAsync(bytes, SocketFlags.None);

    /// <summary>Begins a call; its messages are to follow.</summary>
    public Task BeginAsync(int stream, string path, params (string Name, string Value)[] headers) =>
        SendAsync(Http2Bytes.Frame(Http2Bytes.Headers, Http2Bytes.EndHeaders, stream, Http2Bytes.CallHeaders(path, headers)));

    /// <summary>Sends a message of a call, or a part of one.</summary>
    public Task SendDataAsync(int stream, byte[] bytes, bool last = false) =>
        SendAsync(Http2Bytes.Frame(Http2Bytes.Data, last ? Http2Bytes.EndStream : (byte)0, stream, bytes));

    /// <summary>Reads what comes until the service closes the connection.</summary>
    public async Task<byte[]> ReadToEndAsync()
    {
        using var all = new MemoryStream();
        var buffer = new byte[16 * 1024];
        try
        {
            int count;
            while ((count = await _socket.ReceiveAsync(buffer, SocketFlags.None)) > 0)
                all.Write(buffer.AsSpan(0, count));
        }
        catch (SocketException)
        {
            // Cut off.
        }

        return all.ToArray();
    }

    /// <summary>Reads until a text has come; false when the service closes the connection instead.</summary>
    public async Task<bool> ReadUntilAsync(string text)
    {
        try
        {
            return await FindAsync(text);
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private async Task<bool> FindAsync(string text)
    {
        var wanted = System.Text.Encoding.ASCII.GetBytes(text);
        var all = new List<byte>();
        var buffer = new byte[16 * 1024];
        int count;
        while ((count = await _socket.ReceiveAsync(buffer, SocketFlags.None)) > 0)
        {
            all.AddRange(buffer.AsSpan(0, count));
            if (System.Runtime.InteropServices.CollectionsMarshal.AsSpan(all).IndexOf(wanted) >= 0)
                return true;
        }

        return false;
    }

    public void Dispose() => _socket.Dispose();
}
