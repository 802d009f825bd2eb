// What a test drives in a browser: one participant with livekit-client, as an app would use it.
'use strict';

const L = LivekitClient;
L.setLogLevel('warn');
const events = [];
const note = (kind, detail) => events.push({ atMs: Math.round(performance.now()), kind, detail: String(detail ?? '') });
let room;
const connections = []; // in the order in which they were made

// What a bench takes a reconnection apart by: sockets, the server's first words, connections. The first octet of a message is its field number.
const words = { 0x0a: 'join', 0x9a: 'join', 0x12: 'answer', 0x1a: 'offer', 0x42: 'leave' }; // join or reconnect: the first answer
window.WebSocket = class extends WebSocket {
  constructor(...how) {
    super(...how);
    note('socket');
    this.addEventListener('open', () => note('open'));
    this.addEventListener('message', (message) => {
      const word = message.data instanceof ArrayBuffer ? words[new Uint8Array(message.data, 0, 1)[0]] : undefined;
      if (word) note(word);
    });
  }
};
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(...how) {
    super(...how);
    connections.push(this);
    this.addEventListener('iceconnectionstatechange', () => this.iceConnectionState === 'connected' && note('ice'));
    this.addEventListener('connectionstatechange', () => this.connectionState === 'connected' && note('dtls'));
  }
};

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
    decodes(track, element, participant.identity);
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
  note('joining');
  await room.connect(url, token, options?.connect);
  return Math.round(performance.now() - began);
}

// Notes when the first frame, or the first sound out of the jitter buffer, has been decoded.
function decodes(track, element, identity) {
  if (track.kind === 'video') {
    element.requestVideoFrameCallback(() => note('decoded', `${identity} video`));
    return;
  }
  const looking = setInterval(async () => {
    const reports = [...((await track.receiver?.getStats().catch(() => null))?.values() ?? [])];
    if (!reports.some((report) => report.type === 'inbound-rtp' && report.jitterBufferEmittedCount > 0)) return;
    clearInterval(looking);
    note('decoded', `${identity} audio`);
  }, 20);
}

async function publish(camera, microphone, height = 540) {
  if (camera) await room.localParticipant.setCameraEnabled(true, { resolution: L.VideoPresets[`h${height}`].resolution }, { simulcast: true, videoCodec: 'vp8' });
  if (microphone) await room.localParticipant.setMicrophoneEnabled(true);
  return own().map((publication) => `${publication.kind} ${publication.trackSid}`);
}

// A sound without pauses: a fake microphone beeps, and between the beeps the encoder may send next to nothing.
async function publishTone() {
  const context = new AudioContext();
  const tone = new OscillatorNode(context, { frequency: 440 });
  const out = context.createMediaStreamDestination();
  tone.connect(out);
  tone.start();
  await context.resume();
  await room.localParticipant.publishTrack(out.stream.getAudioTracks()[0], { source: L.Track.Source.Microphone, dtx: false });
}

// Version 1 of the library has other names for them.
const tracksOf = (participant) => [...((participant?.trackPublications ?? participant?.tracks)?.values() ?? [])];
const own = () => tracksOf(room.localParticipant);
const publications = (identity) => tracksOf(room.getParticipantByIdentity(identity));

async function received(identity, kind) {
  const track = publications(identity).find((publication) => publication.kind === kind && publication.track)?.track;
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

/** What is sent of the camera, layer by layer; names that begin with $ are about the source and the connection. */
async function sent() {
  const layers = {};
  for (const publication of own()) {
    if (publication.kind !== 'video' || !publication.track?.sender) continue;
    const source = publication.track.mediaStreamTrack;
    for (const report of (await publication.track.sender.getStats()).values()) {
      if (report.type === 'outbound-rtp')
        layers[report.rid ?? ''] = {
          frames: report.framesSent ?? 0, encoded: report.framesEncoded ?? 0, width: report.frameWidth ?? 0, plis: report.pliCount ?? 0, packets: report.packetsSent,
          active: report.active, targetBps: report.targetBitrate ?? 0, limitedBy: report.qualityLimitationReason ?? '',
        };
      if (report.type === 'media-source') layers.$source = { frames: report.frames ?? 0, width: report.width ?? 0, state: source.readyState, muted: source.muted };
      if (report.type === 'candidate-pair' && report.nominated) layers.$pair = { availableBps: report.availableOutgoingBitrate ?? 0, sent: report.packetsSent, received: report.packetsReceived };
    }
  }
  return layers;
}

/** The kinds of the ways that are used: host, srflx, prflx, relay; one for each connection that stands. */
async function ways() {
  const kinds = [];
  for (const one of connections) {
    if (one.connectionState !== 'connected') continue;
    const reports = await one.getStats();
    for (const report of reports.values())
      if (report.type === 'candidate-pair' && report.nominated && report.state === 'succeeded') kinds.push(reports.get(report.localCandidateId).candidateType);
  }
  return kinds.join(' ');
}

/** The transports of the ways that are used; one for each connection that stands. */
async function transports() {
  const kinds = [];
  for (const one of connections) {
    if (one.connectionState !== 'connected') continue;
    const reports = await one.getStats();
    for (const report of reports.values())
      if (report.type === 'candidate-pair' && report.nominated && report.selected !== false && report.state === 'succeeded')
        kinds.push(reports.get(report.remoteCandidateId).protocol);
  }
  return kinds.join(' ');
}

/** Whether a TURN server relays for whoever shows these credentials. */
async function relays(urls, username, credential) {
  const connection = new RTCPeerConnection({ iceServers: [{ urls, username, credential }], iceTransportPolicy: 'relay' });
  connections.pop(); // none of the room's
  connection.createDataChannel('any');
  const answer = new Promise((done) => {
    connection.addEventListener('icecandidate', ({ candidate }) => done(candidate ? 'relays' : 'does not'));
    connection.addEventListener('icecandidateerror', ({ errorCode }) => errorCode === 401 && done('refuses'));
  });
  await connection.setLocalDescription();
  const said = await answer;
  connection.close();
  return said;
}

// Packets as they come, so that a gap can be measured: the longest time without a new packet of a kind, by the receiver's own time of each.
// One look at the connection serves all that is watched: looks are what a busy machine has least time for.
const gaps = {};
let looking;
function watch(identity, kind, everyMs = 20) {
  gaps[`${identity} ${kind}`] = { identity, kind, longestMs: 0, lastMs: performance.now(), packets: -1, frames: 0, stream: 0 };
  clearInterval(looking);
  looking = setInterval(look, everyMs);
}

async function look() {
  // the one over which the client receives was made last
  const reports = [...((await connections.at(-1)?.getStats().catch(() => null))?.values() ?? [])].filter((report) => report.type === 'inbound-rtp');
  for (const [key, gap] of Object.entries(gaps)) {
    const track = publications(gap.identity).find((publication) => publication.kind === gap.kind && publication.track)?.track;
    const now = track && reports.find((report) => report.trackIdentifier === track.mediaStreamTrack.id);
    if (!now || now.packetsReceived === 0 || now.packetsReceived === gap.packets) continue;
    const anew = now.ssrc !== gap.stream && gap.stream !== 0;
    const at = now.lastPacketReceivedTimestamp > 0 ? now.lastPacketReceivedTimestamp - performance.timeOrigin : performance.now();
    // Of several packets at once the times between are not known; the gap to the last of them is more than the true one.
    gap.longestMs = Math.max(gap.longestMs, at - gap.lastMs);
    if (anew) note('packet', key);
    const frames = now.framesDecoded ?? 0;
    if ((anew || gap.frames === 0) && frames > 0) note('frame', key);
    Object.assign(gap, { lastMs: at, packets: now.packetsReceived, frames, stream: now.ssrc });
  }
}
const gapOf = (identity, kind) => {
  const gap = gaps[`${identity} ${kind}`];
  return Math.round(Math.max(gap.longestMs, performance.now() - gap.lastMs));
};
