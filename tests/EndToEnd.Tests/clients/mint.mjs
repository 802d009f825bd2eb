// Tokens as livekit-server-sdk mints them, one line each: what a customer's server hands out.
import { AccessToken, TrackSource } from 'livekit-server-sdk';

const [room] = process.argv.slice(2);
const kinds = {
  speechless: { canPublish: false },
  deaf: { canSubscribe: false },
  voice: { canPublishSources: [TrackSource.MICROPHONE] },
  hidden: { hidden: true },
};
for (const [kind, grants] of Object.entries(kinds)) {
  const token = new AccessToken('devkey', 'secret', { identity: kind, name: `the ${kind} one`, metadata: `minted ${kind}`, attributes: { kind }, ttl: '10m' });
  token.addGrant({ roomJoin: true, room, ...grants });
  console.log(JSON.stringify({ kind, detail: await token.toJwt(), atMs: Date.now() }));
}
