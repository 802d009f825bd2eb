// livekit-server-sdk against a replica: prints one line for each thing that was checked, PASS or FAIL.
import { AccessToken, RoomServiceClient } from 'livekit-server-sdk';

const [url, room, identity] = process.argv.slice(2);
const api = new RoomServiceClient(url, 'devkey', 'secret');
let failed = 0;
const check = (what, holds, got) => {
  console.log(`${holds ? 'PASS' : 'FAIL'} ${what}${holds ? '' : `: ${JSON.stringify(got, (k, v) => (typeof v === 'bigint' ? String(v) : v))}`}`);
  if (!holds) failed++;
};
const refused = async (what, status, call) => {
  try {
    check(what, false, await call());
  } catch (e) {
    check(what, e.status === status, { status: e.status, message: e.message });
  }
};

const made = await api.createRoom({ name: `${room}-new`, maxParticipants: 7, metadata: 'made by a test', emptyTimeout: 60 });
check('createRoom returns the room', made.name === `${room}-new` && made.maxParticipants === 7 && made.metadata === 'made by a test' && made.sid.startsWith('RM_'), made);
const again = await api.createRoom({ name: `${room}-new`, departureTimeout: 33 });
check('createRoom again changes the same room', again.sid === made.sid && again.departureTimeout === 33 && again.emptyTimeout === 60 && again.metadata === 'made by a test', again);
check('updateRoomMetadata before anybody joined', (await api.updateRoomMetadata(`${room}-new`, 'changed')).metadata === 'changed' && (await api.listRooms([`${room}-new`]))[0].metadata === 'changed');
const odd = `${room}: any/text ä`;
check('createRoom under any name', (await api.createRoom({ name: odd })).name === odd && (await api.listRooms([odd]))[0].name === odd);
await api.deleteRoom(odd);
const named = await api.listRooms([`${room}-new`]);
check('listRooms by name', named.length === 1 && named[0].sid === made.sid, named);
const call = (await api.listRooms()).find((r) => r.name === room);
check('listRooms lists the call and who publishes in it', call?.numParticipants === 2 && call.numPublishers === 1, call);
await api.deleteRoom(`${room}-new`);
check('deleteRoom', (await api.listRooms([`${room}-new`])).length === 0);
await refused('deleteRoom of nothing is 404', 404, () => api.deleteRoom(`${room}-never`));

const participants = await api.listParticipants(room);
const participant = participants.find((p) => p.identity === identity);
check('listParticipants with tracks', participant?.tracks.length === 2, participants);
check('getParticipant', (await api.getParticipant(room, identity)).sid === participant.sid);
await refused('getParticipant of nobody is 404', 404, () => api.getParticipant(room, 'nobody'));
const camera = participant.tracks.find((t) => t.type === 1);
check('mutePublishedTrack', (await api.mutePublishedTrack(room, identity, camera.sid, true)).muted === true);
const updated = await api.updateParticipant(room, identity, { metadata: 'from the server', attributes: { hand: 'up' } });
check('updateParticipant', updated.metadata === 'from the server' && updated.attributes.hand === 'up', updated);
check('updateRoomMetadata', (await api.updateRoomMetadata(room, 'the room says')).metadata === 'the room says');

await refused('mutePublishedTrack of no track is 404', 404, () => api.mutePublishedTrack(room, identity, 'TR_none', true));
const silenced = await api.updateParticipant(room, identity, { permission: { canPublish: false, canSubscribe: true } });
check('updateParticipant takes a permission away', silenced.permission.canPublish === false && silenced.tracks.length === 0, silenced);
check('what was published is over', (await api.getParticipant(room, identity)).tracks.length === 0);

const wrong = new RoomServiceClient(url, 'devkey', 'not the secret');
await refused('wrong secret is 401', 401, () => wrong.listRooms());
await refused('unknown key is 401', 401, () => new RoomServiceClient(url, 'nokey', 'secret').listRooms());
const granted = (grants) => {
  const client = new RoomServiceClient(url, 'devkey', 'secret');
  client.authHeader = async () => {
    const token = new AccessToken('devkey', 'secret', { identity: 'somebody', ttl: '10m' });
    token.addGrant(grants);
    return { Authorization: `Bearer ${await token.toJwt()}` };
  };
  return client;
};
const everywhere = {
  listParticipants: (client) => client.listParticipants(room),
  getParticipant: (client) => client.getParticipant(room, identity),
  removeParticipant: (client) => client.removeParticipant(room, identity),
  mutePublishedTrack: (client) => client.mutePublishedTrack(room, identity, camera.sid, true),
  updateParticipant: (client) => client.updateParticipant(room, identity, { metadata: 'not allowed' }),
  updateRoomMetadata: (client) => client.updateRoomMetadata(room, 'not allowed'),
};
const elsewhere = granted({ roomAdmin: true, room: 'another' });
const joiner = granted({ roomJoin: true, room });
for (const [name, call] of Object.entries(everywhere)) {
  await refused(`${name} with a token for another room is 403`, 403, () => call(elsewhere));
  await refused(`${name} without roomAdmin is 403`, 403, () => call(joiner));
  await refused(`${name} with the wrong secret is 401`, 401, () => call(wrong));
}
const admin = granted({ roomAdmin: true, room });
await refused('listRooms without roomList is 403', 403, () => admin.listRooms());
await refused('createRoom without roomCreate is 403', 403, () => admin.createRoom({ name: `${room}-denied` }));
await refused('deleteRoom without roomCreate is 403', 403, () => admin.deleteRoom(room));
check('a token with roomAdmin for the room is enough', (await admin.listParticipants(room)).length === participants.length);
const late = new RoomServiceClient(url, 'devkey', 'secret');
late.authHeader = async (grant) => {
  const token = new AccessToken('devkey', 'secret', { ttl: '1s' });
  token.addGrant(grant);
  const jwt = await token.toJwt();
  const [head, body] = jwt.split('.');
  const claims = JSON.parse(Buffer.from(body, 'base64url'));
  claims.nbf -= 7200;
  claims.exp -= 7200;
  const { createHmac } = await import('node:crypto');
  const signed = `${head}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`;
  return { Authorization: `Bearer ${signed}.${createHmac('sha256', 'secret').update(signed).digest('base64url')}` };
};
await refused('expired is 401', 401, () => late.listRooms());

await refused('removeParticipant of nobody is 404', 404, () => api.removeParticipant(room, 'nobody'));
await api.removeParticipant(room, identity);
check('removeParticipant', !(await api.listParticipants(room)).some((p) => p.identity === identity));
console.log(`${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
