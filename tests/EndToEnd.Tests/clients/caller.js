// What a test drives in a browser: one participant with livekit-client, as an app would use it.
'use strict';

const L = LivekitClient;
L.setLogLevel('warn');
const events = [];
const note = (kind, detail) => events.push({ atMs: Math.round(performance.now()), kind, detail: String(detail ?? '') });
let room;

// A minute without any replica: the library's own policy gives up after some 45 s.
const patience = new L.DefaultReconnectPolicy([0, 100, 300, 500, 1000, ...Array(120).fill(1000)]);

async function join(url, token, options) {
  room = new L.Room({ adaptiveStream: false, dynacast: false, reconnectPolicy: patience, ...options });
  for (const kind of ['connected', 'reconnecting', 'reconnected', 'signalReconnecting', 'disconnected', 'participantConnected', 'participantDisconnected', 'trackPublished', 'trackUnpublished', 'trackMuted', 'trackUnmuted', 'roomMetadataChanged'])
    room.on(kind, (first) => note(kind, typeof first === 'object' ? first?.identity ?? first?.trackSid : first));
  room.on('trackSubscribed', (track, publication, participant) => {
    note('trackSubscribed', `${participant.identity} ${track.kind}`);
    const element = track.attach();
    element.muted = false;
    document.body.append(element);
  });
  room.on('trackUnsubscribed', (track, publication, participant) => {
    note('trackUnsubscribed', `${participant.identity} ${track.kind}`);
    track.detach().forEach((element) => element.remove());
  });
  room.on('activeSpeakersChanged', (speakers) => note('speakers', speakers.map((speaker) => speaker.identity).join(',')));
  room.on('connectionQualityChanged', (quality, participant) => note('quality', `${participant.identity} ${quality}`));
  room.on('participantMetadataChanged', (before, participant) => note('metadata', `${participant.identity} ${participant.metadata}`));
  room.on('participantAttributesChanged', (changed, participant) => note('attributes', `${participant.identity} ${JSON.stringify(changed)}`));
  room.on('participantPermissionsChanged', (before, participant) => note('permissions', participant.identity));
  const began = performance.now();
  await room.connect(url, token);
  return Math.round(performance.now() - began);
}

async function publish(camera, microphone) {
  if (camera) await room.localParticipant.setCameraEnabled(true, { resolution: L.VideoPresets.h540.resolution }, { simulcast: true, videoCodec: 'vp8' });
  if (microphone) await room.localParticipant.setMicrophoneEnabled(true);
  return [...room.localParticipant.trackPublications.values()].map((publication) => `${publication.kind} ${publication.trackSid}`);
}

const publications = (identity) => [...(room.remoteParticipants.get(identity)?.trackPublications.values() ?? [])];

async function received(identity, kind) {
  const track = publications(identity).find((publication) => publication.kind === kind)?.track;
  if (!track?.receiver) return null;
  for (const report of (await track.receiver.getStats()).values())
    if (report.type === 'inbound-rtp')
      return {
        packets: report.packetsReceived, lost: report.packetsLost, frames: report.framesDecoded ?? 0, keyFrames: report.keyFramesDecoded ?? 0, width: report.frameWidth ?? 0,
        dropped: report.framesDropped ?? 0, samples: report.totalSamplesReceived ?? 0, concealed: report.concealedSamples ?? 0, energy: report.totalAudioEnergy ?? 0,
        freezes: report.freezeCount ?? 0, nacks: report.nackCount ?? 0, plis: report.pliCount ?? 0, retransmitted: report.retransmittedPacketsReceived ?? 0, decoder: report.decoderImplementation ?? '',
      };
  return null;
}

async function sent() {
  const layers = {};
  for (const publication of room.localParticipant.trackPublications.values()) {
    if (publication.kind !== 'video' || !publication.track?.sender) continue;
    for (const report of (await publication.track.sender.getStats()).values())
      if (report.type === 'outbound-rtp') layers[report.rid ?? ''] = { frames: report.framesSent ?? 0, width: report.frameWidth ?? 0, plis: report.pliCount ?? 0, packets: report.packetsSent };
  }
  return layers;
}

// Packets as they come, so that a gap can be measured: the longest time without a new packet of a kind.
const gaps = {};
function watch(identity, kind) {
  const key = `${identity} ${kind}`;
  gaps[key] = { longestMs: 0, lastMs: performance.now(), packets: -1 };
  setInterval(async () => {
    const now = await received(identity, kind).catch(() => null);
    const gap = gaps[key];
    const at = performance.now();
    if (now && now.packets !== gap.packets) {
      gap.longestMs = Math.max(gap.longestMs, at - gap.lastMs);
      gap.lastMs = at;
      gap.packets = now.packets;
    }
  }, 20);
}
const gapOf = (identity, kind) => {
  const gap = gaps[`${identity} ${kind}`];
  return Math.round(Math.max(gap.longestMs, performance.now() - gap.lastMs));
};
