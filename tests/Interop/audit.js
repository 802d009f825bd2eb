'use strict';
const { v1, code } = require('./cluster-client');
const { check, refused, requestId, unique } = require('./checks');
const { AuditService, RoomService } = v1;

module.exports = async function audit({ replicas }) {
  const [first] = replicas;
  const room = unique('audited');
  const create = { request_id: requestId(), room_id: room };
  const { commit } = await first.call(RoomService, 'CreateRoom', create);

  const stream = await first.collect(AuditService, 'ReadStream', { stream: `room-${room}` });
  check('ReadStream gives the room\'s events without gaps', stream.length >= 2 && stream.every((e, i) => e.stream_version === String(i + 1)), stream.map((e) => [e.stream_version, e.type]));
  const created = stream.find((e) => e.type === 'RoomCreated');
  check('RoomCreated carries who, when and which request', created && created.command_id === create.request_id && created.actor.subject !== '' && created.raft_index !== '0' && created.occurred_at_ms !== '0' && created.event_id.length === 16 && created.chain_hash.length === 32, created);

  const logs = await Promise.all(replicas.map((r) => r.collect(AuditService, 'ReadAll', { from_seq: '1', to_seq: commit.event_seq })));
  check('ReadAll numbers every event without gaps', logs[0].length === Number(commit.event_seq) && logs[0].every((e, i) => e.event_seq === String(i + 1)), logs[0].length);
  check('ReadAll is the same on every replica', logs.every((log) => log.length === logs[0].length && log[log.length - 1].chain_hash.equals(logs[0][logs[0].length - 1].chain_hash)), logs.map((l) => l.length));
  const only = await first.collect(AuditService, 'ReadAll', { types: ['RoomCreated'], limit: 1 });
  check('ReadAll filters and limits', only.length === 1 && only[0].type === 'RoomCreated', only);

  let closing;
  const live = await first.collect(AuditService, 'Subscribe', { from_seq: commit.event_seq }, (events) => {
    if (!closing) closing = first.call(RoomService, 'CloseRoom', { request_id: requestId(), room_id: room });
    return events.some((e) => e.type === 'RoomClosed' && e.stream === `room-${room}`);
  });
  await closing;
  check('Subscribe goes on from a place in the log without gaps', live[0].event_seq === commit.event_seq && live.every((e, i) => BigInt(e.event_seq) === BigInt(commit.event_seq) + BigInt(i)), live.map((e) => e.event_seq));

  const then = await first.call(AuditService, 'StateAt', { event_seq: commit.event_seq, scope: `room/${room}` });
  check('StateAt shows the room as it was', then.state_hash.length === 16 && then.event_seq === commit.event_seq && JSON.stringify(JSON.parse(then.state_json)).includes(room), then);
  await refused('StateAt of the future is OUT_OF_RANGE', first.call(AuditService, 'StateAt', { event_seq: '281474976710655' }), code.OUT_OF_RANGE);
  const why = await first.call(AuditService, 'Explain', { room_id: room });
  check('Explain walks back to the command', why.chain.length >= 1 && why.words.length === why.chain.length && why.broken_link === '', why);
  await refused('Explain of nothing is NOT_FOUND', first.call(AuditService, 'Explain', { room_id: unique('nothing') }), code.NOT_FOUND);
  const verified = await first.call(AuditService, 'Verify', {}, 60_000);
  check('Verify finds every hash in order', verified.ok && verified.events !== '0' && verified.problem === '' && verified.chain_head.length === 32 && verified.merkle_root.length === 32, verified);
};
