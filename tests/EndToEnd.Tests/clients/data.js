// What the caller does with data channels: what comes is noted; texts and files are hashed where they are long.
'use strict';

const hashOf = async (octets) =>
  [...new Uint8Array(await crypto.subtle.digest('SHA-256', octets))].slice(0, 8).map((octet) => octet.toString(16).padStart(2, '0')).join('');
const octetsOf = (text) => new TextEncoder().encode(text);
const numbers = {}; // of topic "count", as they came, by who said them

// To be called once the room is there: what comes from then on is noted.
function listen() {
  room.on('dataReceived', async (octets, from, kind, topic) => {
    if (topic === 'count') {
      (numbers[from?.identity] ??= []).push(Number(new TextDecoder().decode(octets)));
      return;
    }
    const text = octets.length <= 64 ? new TextDecoder().decode(octets) : `${octets.length} ${await hashOf(octets)}`;
    note('data', `${from?.identity ?? 'server'} ${kind === 1 ? 'lossy' : 'reliable'} ${topic ?? ''} ${text}`);
  });
  if (!room.registerTextStreamHandler) return; // version 1 of the library knows messages alone
  room.registerTextStreamHandler('chat', async (reader, { identity }) => {
    const text = await reader.readAll();
    note('text', `${identity} ${text.length <= 64 ? text : `${text.length} ${await hashOf(octetsOf(text))}`}`);
  });
  room.registerByteStreamHandler('files', async (reader, { identity }) => {
    const octets = new Uint8Array(await new Blob(await reader.readAll()).arrayBuffer());
    note('file', `${identity} ${reader.info.name} ${octets.length} ${await hashOf(octets)}`);
  });
  room.registerRpcMethod('sum', async ({ payload }) => String(payload.split('+').reduce((sum, number) => sum + Number(number), 0)));
}

const chat = (text, ...to) => room.localParticipant.sendText(text, { topic: 'chat', destinationIdentities: to }).then(() => 1);
const data = (text, reliable, topic, ...to) => {
  const octets = typeof text === 'string' ? octetsOf(text) : text;
  const how = L.version.startsWith('1.')
    ? [reliable ? 0 : 1, { topic, destination: to.length > 0 ? to.map((identity) => room.getParticipantByIdentity(identity).sid) : undefined }]
    : [{ reliable, topic, destinationIdentities: to }];
  return room.localParticipant.publishData(octets, ...how).then(() => 1);
};

async function sendNoise(length) {
  const octets = new Uint8Array(length).map((_, i) => (i * 31 + (i >> 8)) & 255);
  await room.localParticipant.sendFile(new File([octets], 'noise.bin'), { topic: 'files' });
  return `noise.bin ${length} ${await hashOf(octets)}`;
}

async function count(total, everyMs) {
  for (let i = 0; i < total; i++) {
    await data(String(i), true, 'count');
    await new Promise((go) => setTimeout(go, everyMs));
  }
  note('counted', total);
}
