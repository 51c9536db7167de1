using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using VirtualNumber.Load.Sip;

namespace VirtualNumber.Tests.Gateway;

/// <summary>One side of a call, message by message: for what SIPp, which keeps to a scenario, does not send. Keeps all that it receives.</summary>
internal sealed class SipPhone : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    private readonly UdpClient _socket;
    private readonly List<SipMessage> _received = [];
    private int _looked;

    /// <param name="address">One of <see cref="SipPlaces"/>.</param>
    /// <param name="port">0: a free one.</param>
    public SipPhone(string address, int port = 0) => _socket = new UdpClient(new IPEndPoint(IPAddress.Parse(address), port));

    /// <summary>Its address and port.</summary>
    public IPEndPoint Address => (IPEndPoint)_socket.Client.LocalEndPoint!;

    /// <summary>All that it has received so far, what waits to be read included.</summary>
    public IReadOnlyList<SipMessage> Received
    {
        get
        {
            while (_socket.Available > 0)
            {
                var from = new IPEndPoint(IPAddress.Any, 0);
                Keep(_socket.Receive(ref from));
            }

            return _received;
        }
    }

    /// <summary>Sends a message as it is.</summary>
    public async Task SendAsync(KamailioProcess gateway, string text) =>
        await _socket.SendAsync(Encoding.ASCII.GetBytes(text.ReplaceLineEndings("\r\n")), gateway.Address);

    /// <summary>The next message of that kind; what comes before it is kept and passed over.</summary>
    public async Task<SipMessage> NextAsync(Func<SipMessage, bool> wanted)
    {
        using var deadline = new CancellationTokenSource(s_patience);
        while (true)
        {
            while (_looked < _received.Count)
            {
                if (wanted(_received[_looked++]))
                    return _received[_looked - 1];
            }

            try
            {
                Keep((await _socket.ReceiveAsync(deadline.Token)).Buffer);
            }
            catch (OperationCanceledException)
            {
                throw new TimeoutException($"{Address} has received:{Environment.NewLine}{string.Join(Environment.NewLine, _received.Select(message => message.Text))}");
            }
        }
    }

    /// <summary>The next request of that method.</summary>
    public Task<SipMessage> RequestAsync(string method) => NextAsync(message => message.Status == 0 && message.Method == method);

    /// <summary>The next answer to that method with that status.</summary>
    public Task<SipMessage> AnswerAsync(string method, int status) => NextAsync(message => message.Status == status && message.Method == method);

    /// <summary>
    /// Asks for a sign of life and waits for it: a gateway with one process for SIP has then dealt with all that was sent to it before.
    /// </summary>
    public async Task PingAsync(KamailioProcess gateway)
    {
        var id = await AskAsync(gateway);
        await NextAsync(message => message.Status == 200 && message.Header("Call-ID") == id);
    }

    /// <summary>Asks for a sign of life; answers the question's Call-ID.</summary>
    public async Task<string> AskAsync(KamailioProcess gateway)
    {
        var id = Guid.NewGuid().ToString("N");
        await SendAsync(gateway, $"""
            OPTIONS sip:{gateway.EndPoint} SIP/2.0
            Via: {NewVia()}
            Max-Forwards: 70
            From: <sip:ping@{Address}>;tag=1
            To: <sip:{gateway.EndPoint}>
            Call-ID: {id}
            CSeq: 1 OPTIONS
            Content-Length: 0


            """);
        return id;
    }

    /// <summary>A Via of its own with a new branch.</summary>
    public string NewVia() => $"SIP/2.0/UDP {Address};branch=z9hG4bK{Guid.NewGuid():N}";

    /// <summary>An answer to a request.</summary>
    /// <param name="request">The request.</param>
    /// <param name="status">The status.</param>
    /// <param name="tag">The own tag, for a request that has none yet.</param>
    /// <param name="more">More header fields, a line each.</param>
    /// <param name="body">SDP.</param>
    public static string Answer(SipMessage request, int status, string tag = "", string more = "", string body = "")
    {
        var text = new StringBuilder().Append(CultureInfo.InvariantCulture, $"SIP/2.0 {status} Status\n");
        foreach (var line in request.Text.Split('\n').Select(line => line.TrimEnd('\r')).TakeWhile(line => line.Length > 0))
        {
            if (line.StartsWith("Via:", StringComparison.OrdinalIgnoreCase) || line.StartsWith("From:", StringComparison.OrdinalIgnoreCase)
                || line.StartsWith("Call-ID:", StringComparison.OrdinalIgnoreCase) || line.StartsWith("CSeq:", StringComparison.OrdinalIgnoreCase)
                || line.StartsWith("Record-Route:", StringComparison.OrdinalIgnoreCase))
                text.Append(line).Append('\n');
            else if (line.StartsWith("To:", StringComparison.OrdinalIgnoreCase))
                text.Append(line).Append(tag.Length == 0 || line.Contains(";tag=", StringComparison.Ordinal) ? "" : $";tag={tag}").Append('\n');
        }

        text.Append(more);
        if (more.Length > 0 && !more.EndsWith('\n'))
            text.Append('\n');
        if (body.Length > 0)
            text.Append("Content-Type: application/sdp\n");
        return text.Append(CultureInfo.InvariantCulture, $"Content-Length: {body.ReplaceLineEndings("\r\n").Length}\n\n{body}").ToString();
    }

    public void Dispose() => _socket.Dispose();

    // What the wall holds back is emptied: what is sent then is what keeps a way open, and no message (RFC 5626, 3.5.1).
    private void Keep(byte[] datagram)
    {
        if (Encoding.ASCII.GetString(datagram) is var text && text.Trim().Length > 0)
            _received.Add(new(true, text));
    }
}
