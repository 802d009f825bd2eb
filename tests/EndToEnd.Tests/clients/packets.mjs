// A listener on @livekit/rtc-node that says, second by second, how long no packet of what it hears came: by the receiver's own time of each.
import { Room, RoomEvent } from '@livekit/rtc-node';

const [url, token] = process.argv.slice(2);
const say = (kind, detail = '') => console.log(JSON.stringify({ kind, detail, atMs: Date.now() }));
const room = new Room();
for (const event of [RoomEvent.Reconnecting, RoomEvent.Reconnected, RoomEvent.Disconnected]) room.on(event, () => say(event));
room.on(RoomEvent.TrackSubscribed, (track, publication, participant) => say('subscribed', participant.identity));
await room.connect(url, token, { autoSubscribe: true, dynacast: false });
say('connected', room.localParticipant.identity);

let last = 0; // when the latest packet came, by the receiver's clock
let seenMs = Date.now(); // when we saw that it had
let longestMs = 0;
let total = { packets: 0, lost: 0 };
let looking = false;
setInterval(async () => {
  if (looking) return;
  looking = true;
  try {
    const { subscriberStats } = await room.getRtcStats();
    for (const { stats } of subscriberStats) {
      if (stats.case !== 'inboundRtp') continue;
      total = { packets: Number(stats.value.received.packetsReceived), lost: Number(stats.value.received.packetsLost) };
      const at = stats.value.inbound.lastPacketReceivedTimestamp;
      if (!at || at === last) continue;
      if (last) longestMs = Math.max(longestMs, at - last);
      last = at;
      seenMs = Date.now();
    }
  } finally {
    looking = false;
  }
}, 20);
setInterval(() => {
  say('second', JSON.stringify({ longestMs: Math.round(Math.max(longestMs, Date.now() - seenMs)), ...total }));
  longestMs = 0;
}, 1_000);
