using System.Buffers.Binary;

namespace VideoScale.MediaNode.Sctp;

/// <summary>Streams that begin anew, which is how a data channel is closed (RFC 6525, RFC 8831 §6.7).</summary>
public sealed partial class SctpAssociation
{
    private enum ResetResult : uint { NothingToDo = 0, Performed = 1, Denied = 2, BadSequence = 5, InProgress = 6 }

    private const int RequestLength = 12, ResponseLength = 8;

    private readonly SortedSet<ushort> _resetting = [];
    private readonly SortedSet<ushort> _closed = [];
    private uint _requestNumber, _peerRequestNumber;
    private ResetResult _lastResult;
    private uint? _owedResponse;
    private ushort[] _asked = [];
    private bool _requestIsDue;
    private long _requestAtUs = long.MaxValue;
    private bool _peerReconfigures;

    /// <summary>Closes our direction of a stream; what waits in it is dropped.</summary>
    public void ResetStream(ushort stream)
    {
        if (State is not SctpState.Established || !_peerReconfigures) return;
        _queue.Reset(stream);
        _resetting.Add(stream);
        _requestIsDue |= _asked.Length == 0;
    }

    /// <summary>The next stream whose other direction the peer has closed.</summary>
    public bool TryTakeClosed(out ushort stream)
    {
        stream = _closed.Min;
        return _closed.Remove(stream);
    }

    private void RestartResets(in StateCookie agreed)
    {
        (_requestNumber, _peerRequestNumber, _peerReconfigures) = (agreed.LocalTsn, agreed.PeerTsn, agreed.Reconfigures);
        (_asked, _owedResponse, _requestIsDue, _requestAtUs) = ([], null, false, long.MaxValue);
        _resetting.Clear();
        _closed.Clear();
    }

    private void OnReconfiguration(ReadOnlySpan<byte> value, long nowUs)
    {
        var parameters = new TlvReader(value);
        while (parameters.Next())
        {
            if (parameters.Value.Length < ResponseLength - (parameters.Type is ParameterType.IncomingResetRequest ? 4 : 0)) return;
            var number = BinaryPrimitives.ReadUInt32BigEndian(parameters.Value);
            if (parameters.Type is ParameterType.OutgoingResetRequest) OnOutgoingRequest(number, parameters.Value);
            else if (parameters.Type is ParameterType.IncomingResetRequest) Answer(number, () => ResetResult.Denied);
            else if (parameters.Type is ParameterType.ReconfigurationResponse)
                OnResponse(number, (ResetResult)BinaryPrimitives.ReadUInt32BigEndian(parameters.Value[4..]), nowUs);
        }
    }

    private void OnOutgoingRequest(uint number, ReadOnlySpan<byte> value)
    {
        if (value.Length < RequestLength) return;
        var last = BinaryPrimitives.ReadUInt32BigEndian(value[8..]);
        var streams = value[RequestLength..].ToArray();
        Answer(number, () => Reset(last, streams));
    }

    /// <summary>A request is carried out once, however often it comes.</summary>
    private void Answer(uint number, Func<ResetResult> carryOut)
    {
        if (number == _peerRequestNumber)
        {
            _lastResult = carryOut();
            if (_lastResult is not ResetResult.InProgress) _peerRequestNumber = Serial.Next(number);
        }
        else if (number != Serial.Previous(_peerRequestNumber)) _lastResult = ResetResult.BadSequence;
        _owedResponse = number;
    }

    private ResetResult Reset(uint last, ReadOnlySpan<byte> streams)
    {
        if (Serial.IsBefore(_incoming!.Cumulative, last)) return ResetResult.InProgress; // some of what it sent before is missing
        if (streams.IsEmpty) _incoming.ResetAll();
        for (; streams.Length >= sizeof(ushort); streams = streams[sizeof(ushort)..])
        {
            var stream = BinaryPrimitives.ReadUInt16BigEndian(streams);
            if (stream >= _options.MaxStreams) continue;
            _incoming.Reset(stream);
            _closed.Add(stream);
        }
        return ResetResult.Performed;
    }

    private void OnResponse(uint number, ResetResult result, long nowUs)
    {
        if (_asked.Length == 0 || number != _requestNumber) return;
        if (result is ResetResult.InProgress)
        {
            _requestAtUs = nowUs + _outgoing!.TimeoutUs;
            return;
        }
        foreach (var stream in _asked) _resetting.Remove(stream);
        (_asked, _requestAtUs, _requestNumber) = ([], long.MaxValue, Serial.Next(_requestNumber));
        _requestIsDue = _resetting.Count > 0;
    }

    private void AdvanceReset(long nowUs) => _requestIsDue |= nowUs >= _requestAtUs;

    private void WriteResets(ref PacketWriter packet, long nowUs)
    {
        if (_owedResponse is { } number && packet.Room >= TlvReader.HeaderLength + ResponseLength)
        {
            var value = packet.Chunk(ChunkType.Reconfiguration, 0, TlvReader.HeaderLength + ResponseLength);
            WriteHeader(value, ParameterType.ReconfigurationResponse, ResponseLength);
            BinaryPrimitives.WriteUInt32BigEndian(value[4..], number);
            BinaryPrimitives.WriteUInt32BigEndian(value[8..], (uint)_lastResult);
            _owedResponse = null;
        }
        if (!_requestIsDue) return;
        var room = (packet.Room - TlvReader.HeaderLength - RequestLength) / sizeof(ushort);
        if (room <= 0) return;
        if (_asked.Length == 0) _asked = [.. _resetting.Take(Math.Min(room, 64))];
        if (_asked.Length > room) return;
        var request = packet.Chunk(ChunkType.Reconfiguration, 0, TlvReader.HeaderLength + RequestLength + sizeof(ushort) * _asked.Length);
        WriteHeader(request, ParameterType.OutgoingResetRequest, RequestLength + sizeof(ushort) * _asked.Length);
        BinaryPrimitives.WriteUInt32BigEndian(request[4..], _requestNumber);
        BinaryPrimitives.WriteUInt32BigEndian(request[8..], Serial.Previous(_peerRequestNumber));
        BinaryPrimitives.WriteUInt32BigEndian(request[12..], _outgoing!.LastTsn);
        for (var i = 0; i < _asked.Length; i++) BinaryPrimitives.WriteUInt16BigEndian(request[(16 + sizeof(ushort) * i)..], _asked[i]);
        (_requestIsDue, _requestAtUs) = (false, nowUs + _outgoing.TimeoutUs);
    }

    private static void WriteHeader(Span<byte> value, ParameterType type, int length)
    {
        BinaryPrimitives.WriteUInt16BigEndian(value, (ushort)type);
        BinaryPrimitives.WriteUInt16BigEndian(value[2..], (ushort)(TlvReader.HeaderLength + length));
    }
}
