using Google.Protobuf;
using LiveKit.Proto;
using VideoScale.Gateway.Ports;
using VideoScale.Gateway.Tokens;
using VideoScale.V1;
using static VideoScale.Gateway.Signalling.SessionEffect;
using static VideoScale.Gateway.Signalling.SessionInput;

namespace VideoScale.Gateway.Signalling;

/// <summary>The stream to the node, and what goes over it.</summary>
internal sealed partial class Session
{
    private int _line;            // the number of the stream, or of the attempt to open one; 0 for none
    private int _lastLine;
    private bool _lineIsOpen;
    private bool _acknowledges;   // the node says what it has handled; one of an older version does not
    private bool _toNewOwner;     // what was said of the former connection is passed over there
    private bool _isComplete;     // of requests: the client says no more, or is to say it elsewhere
    private bool _lineIsComplete;
    private ulong _sent;          // over this stream
    private bool _toldQuiet;      // to this node
    private long _lookAroundAtMs = Never;
    private long _abortAtMs = Never;
    private long _deliverUntilMs = Never;

    private long ServingWakeMs => _stage == Stage.Serving ? Math.Min(_lookAroundAtMs, Math.Min(_abortAtMs, _deliverUntilMs)) : Never;

    private void OpenLine(Stage stage, string nodeAddress, OpenSession open, List<SessionEffect> effects, long untilMs = Never)
    {
        Enter(stage, untilMs);
        DropLine(effects);
        _line = ++_lastLine;
        effects.Add(new OpenLine(_line, nodeAddress, open));
    }

    private void DropLine(List<SessionEffect> effects)
    {
        if (_line != 0) effects.Add(new CloseLine(_line));
        (_line, _lineIsOpen) = (0, false);
    }

    private void OnLineOpened(LineOpened opened, List<SessionEffect> effects)
    {
        (_lineIsOpen, _acknowledges, _toNewOwner, _lineIsComplete, _sent) = (true, opened.Acknowledges, _stage == Stage.Carrying, false, 0);
        if (_stage is Stage.Joining or Stage.Returning)
        {
            _participantSid = opened.ParticipantSid;
            Serve(effects);
        }
        else if (_stage == Stage.Carrying)
        {
            _isCarried = true;
            LeadAway(effects);
        }
        // Reattaching: the node says first that the client is back.
    }

    private void OnLineRefused(LineRefused refused, List<SessionEffect> effects)
    {
        (_line, _lineIsOpen) = (0, false);
        switch (_stage)
        {
            case Stage.Joining: OnJoinRefused(refused, effects); break;
            case Stage.Returning: OnReturnRefused(refused, effects); break;
            case Stage.Reattaching: OnReattachRefused(refused, effects); break;
            case Stage.Carrying: OnCarryRefused(refused, effects); break;
        }
    }

    private void Serve(List<SessionEffect> effects)
    {
        Enter(Stage.Serving);
        if (!_wasOpened) _refreshAtMs = _nowMs + (long)TokenRefresher.Period.TotalMilliseconds;
        _wasOpened = true;
        (_toldQuiet, _lookAroundAtMs, _abortAtMs, _deliverUntilMs) = (false, _nowMs + SessionTiming.LookAroundMs, Never, Never);
        if (_isClosed) _deliverUntilMs = _nowMs + SessionTiming.DeliveryMs;
        else if (_isUnreachable) _abortAtMs = _nowMs + SessionTiming.CloseMs;
        SendKept(effects);
        Look(effects);
    }

    /// <summary>What is kept and was not sent over this stream yet; when the client says no more, the end of its side after that.</summary>
    private void SendKept(List<SessionEffect> effects)
    {
        if (!_lineIsOpen || _lineIsComplete) return;
        foreach (var request in _requests.After(_sent))
        {
            _sent = request.Number;
            if (!_toNewOwner || !request.IsOfConnection)
                effects.Add(new Send(_line, new GatewayMessage { Request = request.Octets, Number = request.Number }));
        }
        if (!_isComplete) return;
        _lineIsComplete = true;
        effects.Add(new CompleteLine(_line));
    }

    private void OnNodeSaid(SessionMessage message, List<SessionEffect> effects)
    {
        if (_stage == Stage.Reattaching)
        {
            Serve(effects);
            if (message.KindCase != SessionMessage.KindOneofCase.Response) OnNodeSaidWhileServing(message, effects);
            else _received++; // "reconnect" is for clients that came back; this one was never away
        }
        else if (_stage == Stage.Serving) OnNodeSaidWhileServing(message, effects);
        else if (message.KindCase == SessionMessage.KindOneofCase.Handled) _requests.Handled(message.Handled);
        else if (IsAnswer(message)) effects.Add(new Tell(message.Response));
    }

    private void OnNodeSaidWhileServing(SessionMessage message, List<SessionEffect> effects)
    {
        if (message.Ended is { } ended)
        {
            effects.Add(new NoteEnded(ended.Reason));
            DropLine(effects);
            if (ended.Reason is SessionEndReason.RoomGivenUp or SessionEndReason.NodeStopping) Follow(nodeIsGone: false, effects);
            else Finish(effects);
            return;
        }
        _received++;
        switch (message.KindCase)
        {
            case SessionMessage.KindOneofCase.Response: effects.Add(new Tell(message.Response)); break;
            case SessionMessage.KindOneofCase.Handled: _requests.Handled(message.Handled); break;
            case SessionMessage.KindOneofCase.Carried: _carried = message.Carried; break;
            case SessionMessage.KindOneofCase.Unattended: effects.Add(new NoteUnattended(message.Unattended)); break;
            case SessionMessage.KindOneofCase.Claims:
                _claims = message.Claims;
                effects.Add(new Refresh(message.Claims));
                break;
        }
    }

    /// <summary>
    /// Of a request that the client made before it went it waits to hear now; what else the new owner says it hears when it has come.
    /// </summary>
    private static bool IsAnswer(SessionMessage message) => message.KindCase == SessionMessage.KindOneofCase.Response
        // it has one field, whichever it is
        && WireFormat.GetTagFieldNumber(message.Response.CreateCodedInput().ReadTag()) == SignalResponse.RequestResponseFieldNumber;

    private void OnLineEnded(List<SessionEffect> effects)
    {
        DropLine(effects);
        if (_stage == Stage.Serving) Follow(nodeIsGone: true, effects);
        else if (_stage == Stage.Reattaching) PauseFollowing(effects);
        else if (_stage == Stage.Delivering) Finish(effects);
        // Staggering, Leaving: the client has come for its session, or the node is gone too.
    }

    /// <summary>A node that hangs or is cut off ends no stream; its clients are led away all the same.</summary>
    private void OnSeenWhileServing(RoomPlace? place, List<SessionEffect> effects)
    {
        if (IsElsewhere(place))
        {
            DropLine(effects);
            Follow(nodeIsGone: false, effects);
        }
        else if (_changed) Look(effects);
    }

    private bool IsElsewhere(RoomPlace? place) => place is { NodeAddress.Length: > 0 } && place.Epoch > _granted!.Epoch;

    private void OnClientSaid(ClientSaid said, List<SessionEffect> effects)
    {
        if (_isSentAway && said.Kind == SignalRequest.MessageOneofCase.Leave) { OnClientClosed(isUnanswering: false, effects); return; }
        if (_isClosed || _stage == Stage.Closing) return;
        _requests.Add(said.Kind, said.Octets);
        SendWhatMayBeSent(effects);
    }

    private void SendWhatMayBeSent(List<SessionEffect> effects)
    {
        if (_stage is Stage.Serving or Stage.Staggering or Stage.LeadLooking or Stage.Leaving) SendKept(effects);
    }

    private void OnClientClosed(bool isUnanswering, List<SessionEffect> effects)
    {
        if (_isClosed) return;
        _isClosed = true;
        // Before the stream ends: whoever fell silent with its socket open is waited for no longer than its media lasts, whether or not it
        // is one that sends pings.
        if (isUnanswering && _stage == Stage.Serving) effects.Add(new Send(_line, new GatewayMessage { Quiet = true }));
        // Whoever goes before it was answered never learns its session's name: it cannot take it up again.
        if (!_wasOpened && !wish.Join.Reconnect)
            _requests.Add(SignalRequest.MessageOneofCase.Leave,
                new SignalRequest { Leave = new LeaveRequest { Reason = DisconnectReason.ClientInitiated } }.ToByteString());
        _isComplete = true;
        SendWhatMayBeSent(effects);
        switch (_stage)
        {
            case Stage.Serving: (_abortAtMs, _deliverUntilMs) = (Never, _nowMs + SessionTiming.DeliveryMs); break;
            case Stage.FollowPause: Survey(effects); break;
            case Stage.Reattaching: _untilMs = _lastWordsUntilMs = _nowMs + SessionTiming.GiveUpMs; break;
            case Stage.Staggering: LeadClient(effects); break;
            case Stage.Leaving: Deliver(effects); break;
            case Stage.Closing: End(effects); break;
        }
    }

    /// <summary>What comes from the node then is let go, not the node: the client may have said something before.</summary>
    private void OnClientUnreachable()
    {
        _isUnreachable = true;
        if (_stage == Stage.Serving && !_isClosed && _abortAtMs == Never) _abortAtMs = _nowMs + SessionTiming.CloseMs;
    }

    /// <summary>
    /// The client comes back through another gateway, to the session that its node keeps for it; what it said before is still delivered.
    /// Whoever waits for an owner waits there.
    /// </summary>
    private void OnGatewayStopping(List<SessionEffect> effects)
    {
        if (_isClosed) return; // its last words are on their way
        CloseClient(isGoingAway: true, effects);
        if (_stage == Stage.Serving) OnClientClosed(isUnanswering: false, effects);
        else if (_stage != Stage.Closing) Finish(effects);
    }

    /// <summary>
    /// Tells the node when the client, whose socket is open, has fallen silent: a process that is stopped, a machine that sleeps. Whether
    /// it has gone its media tells.
    /// </summary>
    private void WatchClient(bool isQuiet, List<SessionEffect> effects)
    {
        if (_nowMs >= _deliverUntilMs) { Finish(effects); return; }
        if (_nowMs >= _abortAtMs)
        {
            (_abortAtMs, _deliverUntilMs) = (Never, _nowMs + SessionTiming.DeliveryMs);
            effects.Add(new Abort());
        }
        if (_nowMs < _lookAroundAtMs) return;
        _lookAroundAtMs = _nowMs + SessionTiming.LookAroundMs;
        if (isQuiet == _toldQuiet || _lineIsComplete) return;
        _toldQuiet = isQuiet;
        effects.Add(new Send(_line, new GatewayMessage { Quiet = isQuiet }));
    }
}
