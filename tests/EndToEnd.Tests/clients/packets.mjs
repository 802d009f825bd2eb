// A listener on @livekit/rtc-node that says, second by second, how long no packet of what it hears came: by the receiver's own time of each.
import { Room, RoomEvent } from '@livekit/rtc-node';

const [url, token] = process.argv.slice(2);
const say = (kind, detail = '') => console.log(JSON.stringify({ kind, detail, atMs: Date.now() }));
const room = new Room();
for (const event of [RoomEvent.Reconnecting, RoomEvent.Reconnected, RoomEvent.Disconnected]) room.on(event, () => say(event));
room.on(RoomEvent.TrackSubscribed, (track, publication, participant) => say('subscribed', participant.identity));
await room.connect(url, token, { autoSubscribe: true, dynacast: false });
say('connected', room.localParticipant.identity);

let seenMs = Date.now(); // when a new packet was seen; this library does not tell when it came
let longestMs = 0;
let total = { packets: 0, lost: 0 };
let looking = false;
setInterval(async () => {
  if (looking) return;
  looking = true;
  try {
    const { publisherStats, subscriberStats } = await room.getRtcStats(); // one connection may carry both directions
    for (const { stats } of [...publisherStats, ...subscriberStats]) {
      if (stats.case !== 'inboundRtp') continue;
      const packets = Number(stats.value.received.packetsReceived);
      if (packets !== total.packets) {
        longestMs = Math.max(longestMs, Date.now() - seenMs);
        seenMs = Date.now();
      }
      total = { packets, lost: Number(stats.value.received.packetsLost) };
    }
  } finally {
    looking = false;
  }
}, 20);
setInterval(() => {
  say('second', JSON.stringify({ longestMs: Math.round(Math.max(longestMs, Date.now() - seenMs)), ...total }));
  longestMs = 0;
}, 1_000);
