// A participant on libwebrtc without a browser, for data channels: it says what it gets, answers texts and calls, and does what a text tells it to.
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataPacketKind, Room, RoomEvent } from '@livekit/rtc-node';

const [url, token] = process.argv.slice(2);
const say = (kind, detail = '') => console.log(JSON.stringify({ kind, detail, atMs: Date.now() }));
const hash = (octets) => createHash('sha256').update(octets).digest('hex').slice(0, 16);
const room = new Room();
const me = () => room.localParticipant;
for (const event of ['Reconnecting', 'Reconnected', 'Disconnected', 'ParticipantConnected'])
  room.on(RoomEvent[event], (what) => say(event.toLowerCase(), what?.identity ?? String(what ?? '')));

const numbers = {}; // of topic "count", as they came, by who said them
room.on(RoomEvent.DataReceived, (octets, from, kind, topic) => {
  if (topic === 'count') {
    (numbers[from?.identity] ??= []).push(Number(Buffer.from(octets).toString()));
    return;
  }
  const text = octets.length <= 64 ? Buffer.from(octets).toString() : `${octets.length} ${hash(octets)}`;
  say('data', `${from?.identity ?? 'server'} ${kind === DataPacketKind.KIND_LOSSY ? 'lossy' : 'reliable'} ${topic ?? ''} ${text}`);
});
room.registerTextStreamHandler('chat', async (reader, { identity }) => {
  const text = await reader.readAll();
  say('text', `${identity} ${text.length <= 64 ? text : `${text.length} ${hash(text)}`}`);
  const told = deeds[text.split(' ')[0]];
  if (told) await told(identity, ...text.split(' ').slice(1)).catch((e) => say('failed', String(e)));
});
room.registerByteStreamHandler('files', async (reader, { identity }) => {
  const octets = Buffer.concat(await reader.readAll());
  say('file', `${identity} ${reader.info.name} ${octets.length} ${hash(octets)}`);
});

const deeds = {
  echo: (to, ...words) => me().sendText(words.join(' '), { topic: 'chat', destinationIdentities: [to] }),
  shout: (to, length) => me().sendText('ä'.repeat(Number(length)), { topic: 'chat' }),
  call: async (to, method, payload) => say('answer', await me().performRpc({ destinationIdentity: to, method, payload })),
  data: (to, reliable, topic, ...others) =>
    me().publishData(Buffer.from(`to ${others.join(' ') || 'all'}`), { reliable: reliable === 'reliable', topic, destination_identities: others }),
  file: async (to, length) => {
    const folder = mkdtempSync(join(tmpdir(), 'vs-talker-'));
    const path = join(folder, 'noise.bin');
    const octets = Buffer.alloc(Number(length), (i) => i).map((_, i) => (i * 31 + (i >> 8)) & 255);
    writeFileSync(path, octets);
    await me().sendFile(path, { topic: 'files', name: 'noise.bin', destinationIdentities: [to] });
    say('sent', `noise.bin ${octets.length} ${hash(octets)}`);
    rmSync(folder, { recursive: true });
  },
  numbers: async (to, from) => say('numbers', `${from} ${(numbers[from] ?? []).join(',')}`),
  count: async (to, total, everyMs) => {
    for (let i = 0; i < Number(total); i++) {
      await me().publishData(Buffer.from(String(i)), { reliable: true, topic: 'count' });
      await new Promise((go) => setTimeout(go, Number(everyMs)));
    }
    say('counted', total);
  },
};

say('connecting');
await room.connect(url, token, { autoSubscribe: true, dynacast: false });
me().registerRpcMethod('greet', async ({ callerIdentity, payload }) => `hello ${callerIdentity}, ${payload}`);
say('connected', me().identity);
await new Promise(() => setInterval(() => {}, 60_000));
