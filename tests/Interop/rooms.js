'use strict';
const { v1, code } = require('./cluster-client');
const { check, refused, eventually, requestId, unique } = require('./checks');
const { RoomService, AdmissionService } = v1;

/** RoomService, and AdmissionService of the node that owns the room. */
module.exports = async function rooms({ replicas, media }) {
  const [first] = replicas;
  const room = unique('standup');
  const create = { request_id: requestId(), room_id: room, expected_participants: 4, max_participants: 2, metadata: Buffer.from([0, 255, 1]) };
  const created = await first.call(RoomService, 'CreateRoom', create);
  check('CreateRoom places the room', created.status === 'ROOM_STATUS_ACTIVE' && created.node_id !== '' && created.epoch !== '0' && created.room_id === room, created);
  check('CreateRoom says where it stands in the log', created.commit && created.commit.log_index !== '0' && created.commit.event_seq !== '0', created);

  for (const replica of replicas) {
    const again = await replica.call(RoomService, 'CreateRoom', create);
    check(`a repeat at ${replica.address} gives the same answer`, JSON.stringify(again) === JSON.stringify(created), again);
  }
  await refused('the same request_id with another body is refused', first.call(RoomService, 'CreateRoom', { ...create, max_participants: 3 }), code.INVALID_ARGUMENT, 'request_id');
  await refused('the room cannot be created twice', first.call(RoomService, 'CreateRoom', { ...create, request_id: requestId() }), code.ALREADY_EXISTS, room);
  await refused('a bad name is refused by field', first.call(RoomService, 'CreateRoom', { request_id: requestId(), room_id: 'no spaces' }), code.INVALID_ARGUMENT, 'room_id');
  await refused('a number out of bounds is refused by field', first.call(RoomService, 'CreateRoom', { request_id: requestId(), max_participants: 100001 }), code.INVALID_ARGUMENT, 'max_participants');

  for (const replica of replicas) {
    const { room: seen } = await replica.call(RoomService, 'GetRoom', { room_id: room });
    check(`GetRoom at ${replica.address} sees it at once`, seen && seen.epoch === created.epoch && seen.node_id === created.node_id && seen.metadata.equals(create.metadata), seen);
  }
  const stale = await eventually(() => first.call(RoomService, 'GetRoom', { room_id: room, consistency: 'CONSISTENCY_STALE' }), (a) => a.room);
  check('GetRoom answers stale reads', stale.room.room_id === room && stale.applied_index !== '0', stale);
  await refused('GetRoom of nothing is NOT_FOUND', first.call(RoomService, 'GetRoom', { room_id: unique('nothing') }), code.NOT_FOUND);

  const others = [unique('page-a'), unique('page-b'), unique('page-c')];
  for (const name of others) await first.call(RoomService, 'CreateRoom', { request_id: requestId(), room_id: name });
  const listed = [];
  let token = '';
  do {
    const page = await first.call(RoomService, 'ListRooms', { page_size: 2, page_token: token });
    check('ListRooms keeps to the page size', page.rooms.length <= 2, page.rooms.length);
    listed.push(...page.rooms.map((r) => r.room_id));
    token = page.next_page_token;
  } while (token !== '');
  check('ListRooms pages through all rooms, once each, in order', others.concat(room).every((n) => listed.includes(n)) && new Set(listed).size === listed.length && [...listed].sort().join() === listed.join(), listed);

  const explained = await first.call(RoomService, 'ExplainPlacement', { room_id: room });
  check('ExplainPlacement names the choice and what it was chosen from', explained.node_id === created.node_id && explained.candidates.some((c) => c.node_id === created.node_id && c.rejection === ''), explained);

  await openAndUpdate({ first, replicas });
  await seats({ first, room, created, media });
  await watchAndMove({ first, room, created, others });
};

async function openAndUpdate({ first, replicas }) {
  const name = unique('any name/ä');
  const open = { request_id: requestId(), name, patch: { max_participants: 7, metadata: Buffer.from('first') }, changes_existing: true };
  const opened = await first.call(RoomService, 'OpenRoom', open);
  check('OpenRoom makes a room under any name', opened.room_id !== '' && opened.room_id !== name && opened.commit.event_seq !== '0', opened);
  const found = await first.call(RoomService, 'OpenRoom', { request_id: requestId(), name });
  check('OpenRoom finds the one that is open', found.room_id === opened.room_id, found);
  await first.call(RoomService, 'OpenRoom', { ...open, request_id: requestId(), patch: { max_participants: 8 } });
  await first.call(RoomService, 'UpdateRoom', { request_id: requestId(), room_id: opened.room_id, patch: { departure_timeout_seconds: 90, metadata: Buffer.from('second') } });
  for (const replica of replicas) {
    const { room } = await replica.call(RoomService, 'GetRoom', { room_id: opened.room_id });
    check(`UpdateRoom changes what it names and nothing else, as ${replica.address} sees it`,
      room.name === name && room.max_participants === 8 && room.departure_timeout_seconds === 90 && room.metadata.toString() === 'second' && room.empty_timeout_seconds === 300, room);
  }
  await refused('UpdateRoom of nothing is NOT_FOUND', first.call(RoomService, 'UpdateRoom', { request_id: requestId(), room_id: unique('nothing'), patch: { max_participants: 1 } }), code.NOT_FOUND);
  await refused('a name that is too long is refused by field', first.call(RoomService, 'OpenRoom', { request_id: requestId(), name: 'x'.repeat(257) }), code.INVALID_ARGUMENT, 'name');
  await first.call(RoomService, 'CloseRoom', { request_id: requestId(), room_id: opened.room_id });
  await refused('UpdateRoom of a closed room is NOT_FOUND', first.call(RoomService, 'UpdateRoom', { request_id: requestId(), room_id: opened.room_id, patch: { max_participants: 1 } }), code.NOT_FOUND);
}

async function seats({ first, room, created, media }) {
  const admit = (identity, role = 'PARTICIPANT_ROLE_PUBLISHER') => first.call(RoomService, 'AdmitParticipant', { request_id: requestId(), room_id: room, identity, role });
  const ada = await admit('ada');
  check('AdmitParticipant gives a seat, its node and the epoch', ada.node_id === created.node_id && ada.epoch === created.epoch && ada.participant.seat_id !== '0', ada);
  const again = await admit('ada');
  check('admitting the same identity again gives the same seat', again.participant.seat_id === ada.participant.seat_id, again);
  await admit('bob', 'PARTICIPANT_ROLE_SUBSCRIBER');
  await refused('the third of two seats is refused by cap', admit('eve'), code.RESOURCE_EXHAUSTED, 'max_participants');
  await refused('a seat in no room is NOT_FOUND', first.call(RoomService, 'AdmitParticipant', { request_id: requestId(), room_id: unique('nothing'), identity: 'ada', role: 'PARTICIPANT_ROLE_PUBLISHER' }), code.NOT_FOUND);

  const owner = media.find((m) => m.address === ada.node_address);
  const other = media.find((m) => m.address !== ada.node_address);
  check('the owner is one of the media nodes', owner !== undefined, ada.node_address);
  const seat = { room_id: room, epoch: ada.epoch, identity: 'ada', seat_id: ada.participant.seat_id };
  const taken = await eventually(() => owner.call(AdmissionService, 'TakeSeat', seat), (a) => a.epoch === ada.epoch);
  check('TakeSeat: the owner grants under its epoch and lease', taken.node_id === created.node_id && taken.epoch === ada.epoch && taken.lease_left_ms > 0, taken);
  await refused('TakeSeat: a stale epoch is refused', owner.call(AdmissionService, 'TakeSeat', { ...seat, epoch: '1' }), code.FAILED_PRECONDITION, 'epoch');
  if (other) await refused('TakeSeat: another node refuses', other.call(AdmissionService, 'TakeSeat', seat), code.FAILED_PRECONDITION);
  const authority = await owner.call(AdmissionService, 'GetAuthority');
  check('GetAuthority lists the room', authority.rooms.some((r) => r.room_id === room && r.epoch === ada.epoch), authority);

  const joined = await eventually(() => first.call(RoomService, 'ListParticipants', { room_id: room }), (a) => a.participants && a.participants.some((p) => p.identity === 'ada' && p.status === 'SEAT_STATUS_JOINED'));
  check('the owner\'s report makes the seat JOINED', joined.participants.map((p) => p.identity).join() === 'ada,bob' && joined.participants[0].status === 'SEAT_STATUS_JOINED', joined);
  const changed = await first.call(RoomService, 'SetParticipantRole', { request_id: requestId(), room_id: room, identity: 'ada', role: 'PARTICIPANT_ROLE_SUBSCRIBER' });
  check('SetParticipantRole changes the role', changed.participant.role === 'PARTICIPANT_ROLE_SUBSCRIBER' && changed.participant.seat_id === ada.participant.seat_id, changed);
  await owner.call(AdmissionService, 'LeaveSeat', seat);
  const left = await eventually(() => first.call(RoomService, 'ListParticipants', { room_id: room }), (a) => a.participants && a.participants.length === 1);
  check('LeaveSeat frees the seat', left.participants.length === 1 && left.participants[0].identity === 'bob', left);
  await first.call(RoomService, 'RemoveParticipant', { request_id: requestId(), room_id: room, identity: 'bob', reason: 'interop' });
  await refused('RemoveParticipant of nobody is NOT_FOUND', first.call(RoomService, 'RemoveParticipant', { request_id: requestId(), room_id: room, identity: 'bob' }), code.NOT_FOUND);
  const empty = await first.call(RoomService, 'ListParticipants', { room_id: room });
  check('RemoveParticipant takes the seat away', empty.participants.length === 0, empty);
}

async function watchAndMove({ first, room, created, others }) {
  let closing;
  const watched = first.collect(RoomService, 'WatchRooms', { room_id: room }, (changes) => {
    if (!closing && changes.length > 0) closing = moveAndClose({ first, room, created });
    return changes.some((c) => c.room.status === 'ROOM_STATUS_CLOSED');
  }, 60_000);
  const changes = await watched;
  await closing;
  check('WatchRooms lists the room, then every change up to its close', changes[0].initial === true && changes[0].room.epoch === created.epoch
    && changes.some((c) => !c.initial && c.room.status === 'ROOM_STATUS_ACTIVE' && c.room.epoch !== created.epoch), changes.map((c) => [c.initial, c.room.status, c.room.epoch]));
  const indexes = changes.map((c) => BigInt(c.applied_index));
  check('WatchRooms never goes back', indexes.every((v, i) => i === 0 || v >= indexes[i - 1]), changes.map((c) => c.applied_index));
  for (const name of others) await first.call(RoomService, 'CloseRoom', { request_id: requestId(), room_id: name });
}

async function moveAndClose({ first, room, created }) {
  await refused('MoveRoom with a stale epoch is refused with the current one', first.call(RoomService, 'MoveRoom', { request_id: requestId(), room_id: room, expected_epoch: '1' }), code.FAILED_PRECONDITION, 'epoch');
  await first.call(RoomService, 'MoveRoom', { request_id: requestId(), room_id: room, expected_epoch: created.epoch });
  const moved = await eventually(() => first.call(RoomService, 'GetRoom', { room_id: room }), (a) => a.room && a.room.status === 'ROOM_STATUS_ACTIVE' && a.room.epoch !== created.epoch);
  check('MoveRoom gives the room to another node under a greater epoch', moved.room.node_id !== created.node_id && BigInt(moved.room.epoch) > BigInt(created.epoch), moved.room);
  const close = { request_id: requestId(), room_id: room, expected_epoch: moved.room.epoch };
  const closed = await first.call(RoomService, 'CloseRoom', close);
  const repeat = await first.call(RoomService, 'CloseRoom', close);
  check('CloseRoom closes, and a repeat gives the same answer', ['ROOM_STATUS_CLOSING', 'ROOM_STATUS_CLOSED'].includes(closed.status) && JSON.stringify(closed) === JSON.stringify(repeat), closed);
}
