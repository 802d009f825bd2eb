// livekit-server-sdk sends data into a room: prints what became of each message.
import { AccessToken, DataPacket_Kind, RoomServiceClient } from 'livekit-server-sdk';

const [url, room, to] = process.argv.slice(2);
const api = new RoomServiceClient(url, 'devkey', 'secret');
const say = (kind, detail = '') => console.log(JSON.stringify({ kind, detail, atMs: Date.now() }));
const send = async (what, client, text, kind, options, where = room) =>
  client.sendData(where, new TextEncoder().encode(text), kind, options).then(() => say(what, 'sent'), (e) => say(what, `${e.status} ${e.code}`));

await send('all', api, 'to all', DataPacket_Kind.RELIABLE, { topic: 'news' });
await send('one', api, 'to one', DataPacket_Kind.RELIABLE, { topic: 'news', destinationIdentities: [to] });
await send('lossy', api, 'lossy', DataPacket_Kind.LOSSY, { topic: 'news', destinationIdentities: [to] });
await send('nowhere', api, 'x', DataPacket_Kind.RELIABLE, {}, `${room}-never`);
const joiner = new RoomServiceClient(url, 'devkey', 'secret');
joiner.authHeader = async () => {
  const token = new AccessToken('devkey', 'secret', { identity: 'somebody', ttl: '10m' });
  token.addGrant({ roomJoin: true, room });
  return { Authorization: `Bearer ${await token.toJwt()}` };
};
await send('joiner', joiner, 'x', DataPacket_Kind.RELIABLE, {});
