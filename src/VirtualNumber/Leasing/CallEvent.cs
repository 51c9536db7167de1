namespace VirtualNumber.Leasing;

/// <summary>Voice or text. The values are those of the public document, and of stored records.</summary>
public enum CallKind
{
    /// <summary>Not known: nothing but events told of the call.</summary>
    Unspecified = 0,

    /// <summary>A telephone call.</summary>
    Voice = 1,

    /// <summary>A text message.</summary>
    Sms = 2,
}

/// <summary>What happened to a call. The values are those of the public document, and of stored records.</summary>
public enum CallEventKind
{
    /// <summary>Not an event.</summary>
    Unspecified = 0,

    /// <summary>The gateway called the real number.</summary>
    CalledOut = 1,

    /// <summary>It rang there.</summary>
    Ringing = 2,

    /// <summary>Somebody answered.</summary>
    Answered = 3,

    /// <summary>It is over.</summary>
    Released = 4,
}

/// <summary>A side of a call. The values are those of the public document, and of stored records.</summary>
public enum CallSide
{
    /// <summary>Not known.</summary>
    Unspecified = 0,

    /// <summary>Who called.</summary>
    Caller = 1,

    /// <summary>Who was called.</summary>
    Called = 2,

    /// <summary>The gateway itself.</summary>
    Gateway = 3,
}

/// <summary>Something that happened to a call, as its gateway reports it.</summary>
/// <param name="Kind">What.</param>
/// <param name="Time">When, by the gateway's clock.</param>
/// <param name="ReleasedBy">Who ended it, where it ended.</param>
/// <param name="Q850Cause">The cause of ITU-T Q.850, 1 to 127; 0: none was given.</param>
/// <param name="SipStatus">The SIP status, 100 to 699; 0: none was given.</param>
public readonly record struct CallEvent(CallEventKind Kind, DateTimeOffset Time, CallSide ReleasedBy, int Q850Cause, int SipStatus)
{
    /// <summary>So many distinct events of one call are kept.</summary>
    public const int MostPerCall = 50;

    /// <summary>
    /// Whether another one is told again: of the same kind, time, side and cause. The SIP status may be told by one report and be missing in
    /// the next.
    /// </summary>
    public bool IsRepeatOf(CallEvent other) => (Kind, Time, ReleasedBy, Q850Cause) == (other.Kind, other.Time, other.ReleasedBy, other.Q850Cause);
}
