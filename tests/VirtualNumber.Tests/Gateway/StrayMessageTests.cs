using VirtualNumber.Load.Sip;

namespace VirtualNumber.Tests.Gateway;

/// <summary>
/// What either side may send that is no part of a well-behaved call: whatever it makes of the tags, Call-IDs and addresses that it knows, it does not
/// learn the other's number, address or Call-ID. Two calls stand beside each other, as who has two may try to mix them.
/// </summary>
[TestFixture]
internal sealed class StrayMessageTests : TwoPhonesBed
{
    private const string Two = "16210010001";

    private readonly string _firstHolder = $"{Holders}910000";
    private readonly string _secondHolder = $"{Holders}910001";

    protected override IReadOnlyDictionary<string, string> Numbers => new Dictionary<string, string> { [One] = _firstHolder, [Two] = _secondHolder };

    [TestCase("INVITE", "a call that the called side hands on as a proxy does")]
    [TestCase("OPTIONS", "")]
    [TestCase("MESSAGE", "")]
    [TestCase("REGISTER", "")]
    [TestCase("BYE", "")]
    [TestCase("PUBLISH", "")]
    public async Task A_new_request_with_the_shown_Call_ID_does_not_unmask_the_caller(string method, string why)
    {
        var call = await NewCall().ConnectAsync();
        var before = Questions().Count;
        foreach (var tag in new[] { call.CallerTag, call.CalledTag, "other" })
        {
            await Called.SendAsync(Plain, Edit(call.FromCalled(method, 1, $"sip:{Two}@{Plain.EndPoint}"), ("From", $"<sip:+{call.RealNumber}@{Called.Address}>;tag={tag}"), ("To", $"<sip:{Two}@{Plain.EndPoint}>")));
            // topos lets these two pass by, and so the wall holds the answer back.
            if (method is not ("REGISTER" or "PUBLISH"))
                await Called.NextAsync(message => message.Status >= 200 && message.Header("Call-ID") == call.ShownId);
        }

        await AssertNothingLeaksAsync(call);
        Assert.That(Questions(), Has.Count.EqualTo(before), why);
    }

    [TestCase("BYE")]
    [TestCase("INVITE")]
    [TestCase("OPTIONS")]
    [TestCase("ACK")]
    [TestCase("CANCEL")]
    [TestCase("REFER")]
    public async Task A_request_with_wrong_tags_or_none_does_not_unmask_the_caller(string method)
    {
        var call = await NewCall().ConnectAsync();
        string own = $"<sip:+{call.RealNumber}@{Called.Address}>", shown = $"<sip:{One}@{Plain.EndPoint}>";
        (string From, string To)[] pairs =
        [
            ($"{own};tag={call.CalledTag}", $"{shown};tag=wrong"), ($"{own};tag=wrong", $"{shown};tag={call.CallerTag}"), ($"{own};tag={call.CallerTag}", $"{shown};tag={call.CallerTag}"),
            ($"{own};tag={call.CallerTag}", $"{shown};tag={call.CalledTag}"), ($"{own};tag={call.CallerTag}", $"{shown};tag=wrong"), (own, $"{shown};tag={call.CallerTag}"),
            // Two of them: whoever reads the other one than the rest of the gateway does is fooled.
            ($"{own};tag={call.CalledTag}", $"{shown};tag=wrong\nTo: {shown};tag={call.CallerTag}"), ($"{own};tag={call.CalledTag}", $"{shown};tag={call.CallerTag}\nTo: {shown};tag=wrong"),
            ($"{own};tag={call.CallerTag}\nFrom: {own};tag={call.CalledTag}", $"{shown};tag={call.CallerTag}"), ($"{own};tag={call.CalledTag}", $"{shown}\n ;tag=wrong\nt: {shown};tag={call.CallerTag}"),
            ($"{own};tag={call.CalledTag}", $"{shown};x=\";tag={call.CallerTag}\";tag=wrong"), ($"{own};tag={call.CalledTag}", $"\"<sip:x>;tag={call.CallerTag}\" {shown};tag=wrong"),
            ($"{own};tag={call.CalledTag}", $"{shown};tag=wrong;tag={call.CallerTag}"), ($"{own};tag={call.CalledTag}", $"{shown};tag={call.CallerTag};tag=wrong"),
            ($"{own};tag={call.CalledTag}\nCall-ID: other", $"{shown};tag={call.CallerTag}"), ($"{own};tag={call.CalledTag}\nCall-ID:\n {call.ShownId}", $"{shown};tag={call.CallerTag}"),
        ];
        foreach (var target in new[] { call.CalledTarget, $"sip:{Plain.EndPoint}", $"sip:x@{Called.Address}" })
        {
            foreach (var (from, to) in pairs)
                await Called.SendAsync(Plain, Edit(call.FromCalled(method, 7, target), ("From", from), ("To", to)));
        }

        await AssertNothingLeaksAsync(call);
    }

    [TestCase("Via")]
    [TestCase("Contact")]
    [TestCase("To")]
    public async Task The_shown_Call_ID_elsewhere_in_a_good_request_stays_what_it_is(string field)
    {
        var call = await NewCall().ConnectAsync();
        var text = field switch
        {
            "Via" => call.FromCalled("OPTIONS", 3).Replace("z9hG4bK", $"z9hG4bK{call.ShownId}", StringComparison.Ordinal),
            "Contact" => Edit(call.FromCalled("OPTIONS", 3), ("Contact", $"<sip:{call.ShownId}@{Called.Address}>")),
            _ => Edit(call.FromCalled("OPTIONS", 3), ("To", $"\"{call.ShownId}\" {call.Invite.Header("From")}")),
        };
        await Called.SendAsync(Plain, text);
        var asked = await Caller.RequestAsync("OPTIONS");
        Assert.That(asked.Header("Call-ID"), Is.EqualTo(call.CallId));
        await Caller.SendAsync(Plain, SipPhone.Answer(asked, 200));
        await Called.AnswerAsync("OPTIONS", 200);
        // And what the gateway answers by itself.
        await Called.SendAsync(Plain, Edit(text, ("CSeq", "4 REFER")).Replace("OPTIONS ", "REFER ", StringComparison.Ordinal).Replace("branch=z9hG4bK", "branch=z9hG4bKx", StringComparison.Ordinal));
        await Called.AnswerAsync("REFER", 405);
        await AssertNothingLeaksAsync(call);
    }

    [TestCase("OPTIONS", null)]
    [TestCase("BYE", null)]
    [TestCase("INVITE", null)]
    [TestCase("CANCEL", null)]
    [TestCase("REFER", null)]
    [TestCase("OPTIONS", "0")]
    public async Task The_caller_who_writes_himself_into_To_is_not_answered_as_the_called_side(string method, string? tag)
    {
        var call = NewCall();
        call = await (call with { CallerTag = tag ?? call.CallerTag }).ConnectAsync();
        string own = $"<sip:+{call.CallerNumber}@{Caller.Address}>", shown = $"<sip:{One}@{Plain.EndPoint}>";
        foreach (var target in new[] { call.CallerTarget, call.CalledTarget, $"sip:{Plain.EndPoint}", $"sip:x@{Caller.Address}" })
        {
            foreach (var (from, to) in new[] { (call.CalledTag, call.CallerTag), ("wrong", call.CallerTag), (call.CallerTag, call.CallerTag), (call.CallerTag, "wrong") })
                await Caller.SendAsync(Plain, Edit(call.FromCaller(method, 7, target), ("From", $"{own};tag={from}"), ("To", $"{shown};tag={to}")));
        }

        await AssertNothingLeaksAsync(call);
    }

    [TestCase("INFO")]
    [TestCase("OPTIONS")]
    [TestCase("INVITE")]
    [TestCase("UPDATE")]
    [TestCase("ACK")]
    [TestCase("BYE")]
    public async Task A_request_of_one_call_does_not_go_to_the_other_party_of_another(string method)
    {
        // Who has both calls may give them the same tags.
        var first = await NewCall().ConnectAsync();
        var second = await (NewCall(Two) with { CallerTag = first.CallerTag, CalledTag = first.CalledTag }).ConnectAsync();

        await Caller.SendAsync(Plain, first.FromCaller(method, 2, second.CallerTarget));
        await Called.SendAsync(Plain, first.FromCalled(method, 2, second.CalledTarget));
        await AssertNothingLeaksAsync(first);
        // What one party of the second call learns of the first is as bad.
        Assert.Multiple(() =>
        {
            Assert.That(Called.Received.Where(message => message.FirstLine.Contains(_secondHolder, StringComparison.Ordinal)).Select(message => message.Text), Has.None.Contains(_firstHolder));
            Assert.That(Called.Received.Where(message => message.Status == 0 && message.Method == method && message.Header("CSeq") == $"2 {method}"), Is.Empty);
            Assert.That(Caller.Received.Where(message => message.Status == 0 && message.Method == method && message.Header("CSeq") == $"2 {method}"), Is.Empty);
        });
    }

    [TestCase("OPTIONS")]
    [TestCase("INVITE")]
    [TestCase("ACK")]
    [TestCase("BYE")]
    public async Task A_way_that_a_side_writes_itself_is_not_gone(string method)
    {
        var call = await NewCall().ConnectAsync();
        using var friend = new SipPhone(SipPlaces.Callers);
        foreach (var route in new[] { $"Route: <sip:{Plain.EndPoint};lr>\n", $"Route: <sip:{Plain.EndPoint};lr;did=1.1>,<sip:{friend.Address};lr>\n", $"Route: <sip:{friend.Address};lr>\n", "" })
        {
            foreach (var target in new[] { $"sip:x@{friend.Address}", $"sip:x@{SipPlaces.Stranger}:{friend.Address.Port}", call.CallerTarget.Replace(call.CallerTarget.Split('@')[1], friend.Address.ToString(), StringComparison.Ordinal) })
                await Caller.SendAsync(Plain, call.FromCaller(method, 2, target, route));
            await Called.SendAsync(Plain, call.FromCalled(method, 2, $"sip:x@{friend.Address}", route));
        }

        await AssertNothingLeaksAsync(call);
        Assert.That(friend.Received, Is.Empty);
        Assert.That(new LeakSearch([call.CallerNumber]).Find(Caller.Received.Where(message => message.Status == 0)), Is.Empty, "The caller is sent nothing.");
    }

    [Test]
    public async Task An_answer_is_taken_for_the_call_that_was_asked_and_for_no_other()
    {
        var first = await NewCall().ConnectAsync();
        var second = await (NewCall(Two) with { CallerTag = first.CallerTag, CalledTag = first.CalledTag }).RingAsync();

        // The way of the second call, the names of the first.
        var mixed = Edit(SipPhone.Answer(second.Invite, 183, "", $"Contact: <sip:+{first.RealNumber}@{Called.Address}>"), ("Call-ID", first.ShownId), ("From", first.Invite.Header("From")!), ("To", $"<sip:x@y>;tag={first.CalledTag}"));
        await Called.SendAsync(Plain, mixed);
        await Called.SendAsync(Plain, mixed.Replace(" 183 ", " 200 ", StringComparison.Ordinal));
        await Called.PingAsync(Plain);
        await Caller.PingAsync(Plain);
        Assert.That(Caller.Received.Where(message => message.Status is 183), Is.Empty);
        Assert.That(Caller.Received.Where(message => message.Status is 200 && message.Method == "INVITE"), Has.Exactly(1).Items);

        await Called.SendAsync(Plain, SipPhone.Answer(second.Invite, 486, second.CalledTag));
        await Caller.AnswerAsync("INVITE", 486);
    }

    [TestCase(SipPlaces.Stranger, "z9hG4bKnone")]
    [TestCase(SipPlaces.Stranger, null)]
    [TestCase(SipPlaces.NextHop, "z9hG4bKnone")]
    [TestCase(SipPlaces.Callers, "z9hG4bKnone")]
    public async Task An_answer_that_nobody_asked_for_goes_nowhere(string address, string? branch)
    {
        var call = await NewCall().RingAsync();
        using var sender = new SipPhone(address);
        using var target = new SipPhone(SipPlaces.Stranger);
        var via = branch is null ? call.Invite.Header("Via")! : $"SIP/2.0/UDP {Plain.EndPoint};branch={branch}";
        foreach (var id in new[] { call.ShownId, call.CallId, "any" })
        {
            foreach (var status in new[] { 180, 200, 486 })
            {
                await sender.SendAsync(Plain, Edit(
                    SipPhone.Answer(call.Invite, status, call.CalledTag, $"Contact: <sip:+{call.RealNumber}@{Called.Address}>"),
                    ("Via", $"{via}\nVia: SIP/2.0/UDP {target.Address};branch=z9hG4bKt"), ("Call-ID", id)));
            }
        }

        await Caller.PingAsync(Plain);
        Assert.That(target.Received, Is.Empty);
        Assert.That(sender.Received, Is.Empty);
        Assert.That(Caller.Received.Where(message => message.Method == "INVITE").Select(message => message.Status), Is.SubsetOf(new[] { 100, 180 }));
        Assert.That(Caller.Received.Count(message => message.Status == 180), Is.EqualTo(1));
        // The call is as it was.
        await Called.SendAsync(Plain, SipPhone.Answer(call.Invite, 486, call.CalledTag));
        await Caller.AnswerAsync("INVITE", 486);
        await AssertNothingLeaksAsync(call);
    }

    [Test]
    public async Task Two_calls_of_one_Call_ID_and_tag_to_two_numbers_do_not_see_each_other()
    {
        var first = await NewCall().RingAsync();
        var second = first with { Dialled = Two, RealNumber = _secondHolder };
        await second.InviteAsync();
        await Caller.AnswerAsync("INVITE", 482);
        await second.InviteAsync();
        // Nothing is held by the first try.
        await Caller.AnswerAsync("INVITE", 482);

        await Called.SendAsync(Plain, SipPhone.Answer(first.Invite, 200, first.CalledTag, $"Contact: <sip:+{first.RealNumber}@{Called.Address}>", PhoneCall.Sdp));
        await Caller.AnswerAsync("INVITE", 200);
        await AssertNothingLeaksAsync(first);
        Assert.That(Called.Received.Where(message => message.FirstLine.Contains(_secondHolder, StringComparison.Ordinal)), Is.Empty);
    }

    /// <summary>The caller has been told the called side's tag; who called with it would be taken for that side, and that side for him.</summary>
    [TestCase(One, true)]
    [TestCase(Two, true)]
    [TestCase(One, false)]
    [TestCase(Two, false)]
    public async Task A_Call_ID_that_stands_has_one_tag_of_its_caller(string dialled, bool tagOfCalled)
    {
        var call = await NewCall().ConnectAsync();
        await (call with { Dialled = dialled, CallerTag = tagOfCalled ? call.CalledTag : "other" }).InviteAsync();
        await Caller.AnswerAsync("INVITE", 482);
        foreach (var (method, cseq) in new[] { ("INFO", 3), ("REFER", 4), ("INVITE", 5), ("BYE", 6) })
        {
            await Called.SendAsync(Plain, Edit(call.FromCalled(method, cseq), ("From", $"<sip:+{call.RealNumber}@{Called.Address}>;tag=other")));
            await Called.SendAsync(Plain, call.FromCalled(method, cseq + 10));
            if (method == "REFER")
                continue;
            await Caller.SendAsync(Plain, SipPhone.Answer(await Caller.NextAsync(message => message.Header("CSeq") == $"{cseq + 10} {method}"), method == "INVITE" ? 488 : 200));
            await Called.NextAsync(message => message.Status >= 200 && message.Header("CSeq") == $"{cseq + 10} {method}");
        }

        await AssertNothingLeaksAsync(call);
    }

    [TestCase("OPTIONS")]
    [TestCase("MESSAGE")]
    [TestCase("INVITE")]
    public async Task Who_guesses_the_callers_Call_ID_is_told_what_he_wrote_and_no_more(string method)
    {
        var call = await NewCall().ConnectAsync();
        await Called.SendAsync(Plain, Edit(
            call.FromCalled(method, 9, $"sip:x@{Plain.EndPoint}"), ("From", $"<sip:x@y>;tag={call.CallerTag}"), ("To", "<sip:z@y>"), ("Call-ID", call.CallId)));
        var answer = await Called.NextAsync(message => message.Status >= 200 && message.Header("CSeq") == $"9 {method}");
        Assert.That(answer.Header("From"), Is.EqualTo($"<sip:x@y>;tag={call.CallerTag}"));
        Assert.That(answer.Header("To"), Does.StartWith("<sip:z@y>"));
        Assert.That(new LeakSearch([call.CallerNumber]).Find(Called.Received.Select(message => message with { Text = message.Text.Replace(call.CallId, "", StringComparison.Ordinal) })), Is.Empty);
    }

    [TestCase("Content-Length: {0}\n", "")]
    [TestCase("Content-Length: {0}", "Content-Length: 5")]
    [TestCase("Content-Length: {0}", "Content-Length: 0")]
    public async Task What_does_not_say_how_long_its_body_is_passes_in_no_part(string length, string other)
    {
        string Falsified(string text, string body) => text.Replace(
            string.Format(System.Globalization.CultureInfo.InvariantCulture, length, body.ReplaceLineEndings("\r\n").Length), other, StringComparison.Ordinal);
        var shown = PhoneCall.Sdp.Replace("o=- ", "o=alice ", StringComparison.Ordinal);
        var call = NewCall();
        await Caller.SendAsync(Plain, Falsified(call.InviteText("", shown), shown));
        await Caller.AnswerAsync("INVITE", 400);
        await call.InviteAsync();
        var invite = await Called.NextAsync(message => message.Status == 0 && message.Method == "INVITE" && message.FirstLine.Contains(call.RealNumber, StringComparison.Ordinal));
        Assert.That(invite.Text, Does.Not.Contain("alice"));
        await Called.SendAsync(Plain, Falsified(SipPhone.Answer(invite, 183, "b", $"Contact: <sip:+{call.RealNumber}@{Called.Address}>", shown), shown));
        await Called.SendAsync(Plain, SipPhone.Answer(invite, 486, "b"));
        await Caller.AnswerAsync("INVITE", 486);
        Assert.That(Caller.Received.Select(message => message.Status), Does.Not.Contain(183));
        await AssertNothingLeaksAsync(call);
    }

    [Test]
    public async Task What_is_too_long_is_refused_whatever_the_other_side_has_added()
    {
        var call = await NewCall().ConnectAsync();
        await Caller.SendAsync(Plain, call.FromCaller("INFO", 2, more: string.Concat(Enumerable.Repeat("Supported: 100rel, timer, replaces, path, gruu, outbound, norefersub\n", 720))));
        await Caller.AnswerAsync("INFO", 513);
        await AssertNothingLeaksAsync(call);
    }

    [Test]
    public async Task Early_answers_of_several_phones_pass_and_the_one_that_is_picked_up_talks()
    {
        var call = await NewCall().RingAsync();
        foreach (var tag in new[] { "fork2", "fork3" })
            await Called.SendAsync(Plain, SipPhone.Answer(call.Invite, 183, tag, $"Contact: <sip:+{call.RealNumber}@{Called.Address}>", PhoneCall.Sdp));
        await Caller.AnswerAsync("INVITE", 183);
        await Caller.AnswerAsync("INVITE", 183);
        await Called.SendAsync(Plain, SipPhone.Answer(call.Invite, 200, "fork2", $"Contact: <sip:+{call.RealNumber}@{Called.Address}>", PhoneCall.Sdp));
        var answer = await Caller.AnswerAsync("INVITE", 200);
        Assert.That(answer.Header("To"), Does.EndWith(";tag=fork2"));
        var target = answer.Header("Contact")!.Split('<')[1].Split('>')[0];
        foreach (var (method, cseq) in new[] { ("ACK", 1), ("BYE", 2) })
        {
            await Caller.SendAsync(Plain, call.FromCaller(method, cseq, target).Replace($";tag={call.CalledTag}", ";tag=fork2", StringComparison.Ordinal));
            var request = await Called.RequestAsync(method);
            if (method == "BYE")
                await Called.SendAsync(Plain, SipPhone.Answer(request, 200));
        }

        await Caller.AnswerAsync("BYE", 200);
        await AssertNothingLeaksAsync(call);
    }

    [Test]
    public async Task An_answer_that_is_repeated_until_it_is_acknowledged_passes_each_time()
    {
        var call = await NewCall().RingAsync();
        for (var i = 0; i < 3; i++)
        {
            await Called.SendAsync(Plain, SipPhone.Answer(call.Invite, 200, call.CalledTag, $"Contact: <sip:+{call.RealNumber}@{Called.Address}>", PhoneCall.Sdp));
            await Caller.AnswerAsync("INVITE", 200);
        }

        await AssertNothingLeaksAsync(call);
    }

    [TestCase("Via: SIP/2.0/UDP {0}.example:5060;branch=z9hG4bKproxy", "Via")]
    [TestCase("Contact: <sip:{0}@{0}.example>", "Contact")]
    [TestCase("Record-Route: <sip:{0}.example;lr>", "Record-Route")]
    [TestCase("Supported: 100rel, x-{0}", "Supported")]
    [TestCase("Require: x-{0}", "Require")]
    [TestCase("Allow: INVITE, X{0}", "Allow")]
    [TestCase("Unsupported: x-{0}", "Unsupported")]
    [TestCase("Session-Expires: 1800;refresher={0}", "Session-Expires")]
    [TestCase("Min-SE: 90;x={0}", "Min-SE")]
    [TestCase("Expires: {0}", "Expires")]
    [TestCase("k: x-{0}", "k")]
    [TestCase("x: 1800;x={0}", "x")]
    [TestCase("Date: {0}", "Date")]
    [TestCase("Reason: Q.850;cause=16;text=\"{0}\"", "Reason")]
    [TestCase("P-SR-XUID: {0}", "P-SR-XUID")]
    public async Task Header_fields_that_pass_hold_what_they_are_for(string line, string name)
    {
        var call = NewCall();
        // Written so that no search for the number finds it: the middle of it alone.
        var part = call.CallerNumber[4..11];
        await call.InviteAsync(string.Format(System.Globalization.CultureInfo.InvariantCulture, line, part) + "\n");
        var invite = await Called.RequestAsync("INVITE");
        Assert.That(invite.Text.Split("\r\n\r\n")[0].Replace(call.RealNumber, "", StringComparison.Ordinal), Does.Not.Contain(part), name);
        await Called.SendAsync(Plain, SipPhone.Answer(invite, 486, "b"));
        await Caller.AnswerAsync("INVITE", 486);
    }

    /// <summary>Who guesses the other's number learns nothing of whether a message comes back: what he has written himself is not searched for it.</summary>
    [Test]
    public async Task A_call_in_which_each_side_writes_the_others_number_goes_on_as_any_other()
    {
        var caller = NextCaller();
        var call = new PhoneCall(Plain, Caller, Called, caller, _firstHolder)
        {
            CallId = $"{_firstHolder}-{Guid.NewGuid():N}",
            CallerTag = $"a{_firstHolder}",
            CallerContact = _firstHolder,
            CallerName = _firstHolder,
            CalledTag = $"b{caller}",
            CalledContact = caller,
        };
        await call.ConnectAsync();
        await Called.SendAsync(Plain, call.FromCalled("INFO", 3));
        await Caller.SendAsync(Plain, SipPhone.Answer(await Caller.RequestAsync("INFO"), 200));
        await Called.AnswerAsync("INFO", 200);
        await Caller.SendAsync(Plain, call.FromCaller("BYE", 3));
        await Called.SendAsync(Plain, SipPhone.Answer(await Called.RequestAsync("BYE"), 200));
        await Caller.AnswerAsync("BYE", 200);
    }

    [TestCase("Via", "REFER", 405)]
    [TestCase("Via", "INFO", 200)]
    [TestCase("To", "REFER", 405)]
    [TestCase("From", "REFER", 405)]
    [TestCase("CSeq", "REFER", 405)]
    [TestCase("CSeq", "INFO", 200)]
    [TestCase("Call-ID", "REFER", 405)]
    public async Task A_guess_of_the_others_number_is_answered_as_any_other_text_is(string field, string method, int status)
    {
        const string caller = "12015550101", called = "12015550202";
        var (gateway, service) = await StartPlainAsync(new Dictionary<string, string> { [One] = called });
        await using var front = service;
        var call = await new PhoneCall(gateway, Caller, Called, caller, called).ConnectAsync();
        foreach (var (phone, other, guess) in new[] { (Caller, Called, called[1..]), (Called, Caller, caller[1..]), (Caller, Called, "2015550303"), (Called, Caller, "2015550404") })
        {
            var text = phone == Caller ? call.FromCaller(method, 7) : call.FromCalled(method, 7);
            string LineOf(string name) => text.Split('\n').First(line => line.StartsWith($"{name}:", StringComparison.Ordinal))[(name.Length + 2)..];
            text = field switch
            {
                "CSeq" => Edit(text, ("CSeq", $"{guess} {method}")),
                "Via" => Edit(text, ("Via", $"{LineOf("Via")};x={guess}")),
                "Call-ID" => Edit(text, ("Call-ID", $"{guess}@x")),
                // The called side is believed only with both tags as they are.
                _ => Edit(text, (field, $"\"{guess}\" <{LineOf(field).Split('<')[1]}{((phone == Caller) == (field == "To") ? guess : "")}")),
            };
            await phone.SendAsync(gateway, text);
            if (status == 200)
                await other.SendAsync(gateway, SipPhone.Answer(await other.RequestAsync(method), 200));
            await phone.AnswerAsync(method, status);
        }
    }

    [Test]
    public async Task A_guess_of_the_callers_Call_ID_is_answered_as_it_was_written()
    {
        var call = await NewCall().ConnectAsync();
        var via = $"{Called.NewVia()};x={call.CallId}";
        await Called.SendAsync(Plain, Edit(call.FromCalled("INVITE", 7), ("Via", via)));
        Assert.That((await Called.AnswerAsync("INVITE", 100)).Header("Via"), Does.Contain($";x={call.CallId}"));
        var request = await Caller.RequestAsync("INVITE");
        await Caller.SendAsync(Plain, SipPhone.Answer(request, 488));
        Assert.That((await Called.AnswerAsync("INVITE", 488)).Header("Via"), Does.Contain($";x={call.CallId}"));
    }

    [TestCase("{0}")]
    [TestCase("b{0}x")]
    [TestCase("{1}.{2}")]
    [TestCase("{1}%{2}-1")]
    [TestCase("\"b c\"")]
    public async Task A_tag_of_the_called_side_that_shows_its_number_or_is_none_does_not_pass(string form)
    {
        var call = NewCall();
        await call.InviteAsync();
        var invite = await Called.RequestAsync("INVITE");
        var tag = string.Format(System.Globalization.CultureInfo.InvariantCulture, form, call.RealNumber, call.RealNumber[..7], call.RealNumber[7..]);
        foreach (var status in new[] { 180, 200, 486 })
            await Called.SendAsync(Plain, SipPhone.Answer(invite, status, tag, $"Contact: <sip:+{call.RealNumber}@{Called.Address}>"));
        await Called.PingAsync(Plain);
        await Caller.PingAsync(Plain);
        Assert.That(Caller.Received.Where(message => message.Method == "INVITE").Select(message => message.Status), Is.SubsetOf(new[] { 100 }));
        await Called.SendAsync(Plain, SipPhone.Answer(invite, 486, "b"));
        await Caller.AnswerAsync("INVITE", 486);
        await AssertNothingLeaksAsync(call);
    }

    [TestCase("{0}-{1}-{2}")]
    [TestCase("{0} {1} {2}")]
    [TestCase("({0}){1}/{2}")]
    [TestCase("{0}. -{1}.{2}")]
    [TestCase("+86({0}) - {1} {2}")]
    public async Task A_line_that_could_hold_a_number_however_it_is_written_does_not_pass(string form)
    {
        var call = await NewCall().RingAsync();
        foreach (var number in new[] { call.RealNumber, call.CallerNumber, "8615912345678" })
        {
            var text = string.Format(System.Globalization.CultureInfo.InvariantCulture, form, number[2..5], number[5..9], number[9..]).Replace('(', '/').Replace(')', '/');
            await Called.SendAsync(Plain, SipPhone.Answer(
                call.Invite, 183, call.CalledTag, $"Contact: <sip:+{call.RealNumber}@{Called.Address}>\nSupported: timer, x-{text.Replace(' ', '-').Replace('/', '.')}", $"{PhoneCall.Sdp}a=fmtp:8 x={text}\na=sendonly\n"));
            var answer = await Caller.AnswerAsync("INVITE", 183);
            // Whosever number it is: what depends on that would tell.
            Assert.That(answer.Text, Does.Contain("a=sendonly").And.Not.Contain("a=fmtp").And.Not.Contain("Supported"));
        }

        await Called.SendAsync(Plain, SipPhone.Answer(call.Invite, 486, call.CalledTag));
        await Caller.AnswerAsync("INVITE", 486);
        await AssertNothingLeaksAsync(call);
    }

    [TestCase(";phone-context=example.com")]
    [TestCase(";phone-context=+86a")]
    [TestCase(";ext=12;Phone-Context=x")]
    public async Task A_number_that_holds_at_a_place_that_is_no_country_is_refused(string context)
    {
        var before = Questions().Count;
        await (NewCall() with { Dialled = One + context }).InviteAsync();
        await Caller.AnswerAsync("INVITE", 484);
        Assert.That(Questions(), Has.Count.EqualTo(before), "the service would take it for a number of its own country");
    }

    [TestCase("sip:{0};phone-context=+86@{1}", ";phone-context=+86")]
    [TestCase("sip:{0};ext=12;Phone-Context=+44@{1}", ";ext=12;phone-context=+44")]
    [TestCase("sip:{0};phone-context=%2B86@{1}", ";phone-context=+86")]
    [TestCase("tel:{0};phone-context=+86", ";phone-context=+86")]
    [TestCase("tel:{0};phone-context=+86;ext=12", ";ext=12;phone-context=+86")]
    public async Task A_number_that_holds_in_a_country_only_is_asked_for_with_it(string form, string context)
    {
        var before = Questions().Count;
        var call = NewCall();
        await Caller.SendAsync(Plain, call.InviteText("P-Asserted-Identity: <tel:700123456789012;phone-context=+86>\nDiversion: <sip:700123456789013;phone-context=+86@carrier.example>\n").Replace(
            $"sip:{One}@{Plain.EndPoint} SIP", $"{string.Format(System.Globalization.CultureInfo.InvariantCulture, form, One, Plain.EndPoint)} SIP", StringComparison.Ordinal));
        // The service of this test knows no such number, and fails.
        await Caller.AnswerAsync("INVITE", 503);
        var asked = V1.ResolveRequest.Parser.ParseJson(Questions().Skip(before).First());
        Assert.That(
            (asked.CalledNumber, asked.CallerNumber, asked.EarlierCalledNumber),
            Is.EqualTo((One + context, "700123456789012;phone-context=+86", "700123456789013;phone-context=+86")));
    }

    [TestCase("{0}", null)]
    [TestCase("0{0}", null)]
    [TestCase("{0}", "8613712345678")]
    public async Task An_INVITE_that_shows_the_caller_where_shape_tells_nothing_is_held_back(string form, string? asserted)
    {
        // A German number of nine digits, with a trunk 0 ten of them: written as international it has none.
        const string national = "301234567";
        var call = NewCall() with { CallerNumber = asserted is null ? $"49{national}" : NextCaller() };
        var from = string.Format(System.Globalization.CultureInfo.InvariantCulture, form, national);
        var text = call.InviteText(asserted is null ? "" : $"P-Asserted-Identity: <tel:+{asserted}>\n", $"{PhoneCall.Sdp}a=crypto:1 AES_CM_128 inline:+49{national}\n");
        await Caller.SendAsync(Plain, Edit(text, ("From", $"<sip:{from}@{Caller.Address}>;tag={call.CallerTag}")));
        await Caller.AnswerAsync("INVITE", 503);
        await Called.PingAsync(Plain);
        Assert.That(Called.Received.Select(message => message.Text), Has.None.Contains("inline:"));
    }

    /// <summary>Who writes another's number into From, and sees whether the call goes on, learns nothing of whom it went to.</summary>
    [TestCase(true)]
    [TestCase(false)]
    public async Task A_caller_who_claims_a_number_that_is_called_is_connected_as_any_other(bool isReal)
    {
        var call = NewCall();
        var claimed = isReal ? call.RealNumber : $"86{One}";
        await Caller.SendAsync(Plain, Edit(call.InviteText("P-Asserted-Identity: <tel:+8613712345678>\n"), ("From", $"<sip:+{claimed}@{Caller.Address}>;tag={call.CallerTag}")));
        await Called.SendAsync(Plain, SipPhone.Answer(await Called.RequestAsync("INVITE"), 486, "b"));
        await Caller.AnswerAsync("INVITE", 486);
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task A_number_in_a_long_message_does_not_pass_either(bool shown)
    {
        var call = NewCall();
        var more = string.Concat(Enumerable.Repeat("Supported: 100rel, timer, replaces, path, gruu, outbound, norefersub\n", 90));
        var lines = string.Concat(Enumerable.Repeat("a=fmtp:8 mode=one; with=parameters; that=say; nothing=at; all=here\n", 70));
        await call.InviteAsync(more, PhoneCall.Sdp + lines + (shown ? $"a=fmtp:8 x={call.CallerNumber}\n" : ""));
        var invite = await Called.RequestAsync("INVITE");
        Assert.That(invite.Text, Has.Length.GreaterThan(10_000).And.Not.Contain("a=fmtp:8 x="));
        await Called.SendAsync(Plain, SipPhone.Answer(invite, 486, "b"));
        await Caller.AnswerAsync("INVITE", 486);
    }

    private List<string> Questions() => [.. Service.Asked.Where(asked => asked.Path == "/v1/calls:resolve").Select(asked => asked.Body)];

    /// <summary>Puts other values into header fields.</summary>
    private static string Edit(string text, params IEnumerable<(string Name, string Value)> fields)
    {
        foreach (var (name, value) in fields)
        {
            var lines = text.Split('\n').ToList();
            var i = lines.FindIndex(line => line.StartsWith($"{name}:", StringComparison.Ordinal));
            lines[i] = $"{name}: {value}";
            text = string.Join('\n', lines);
        }

        return text;
    }
}
