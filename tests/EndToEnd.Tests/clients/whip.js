// WHIP and WHEP by the library whip-whep: publishes the fake camera and microphone, plays what it is sent.
import { WHEPClient } from '/whip-whep/whep.js';
import { WHIPClient } from '/whip-whep/whip.js';

let connection;
let client;
const patches = []; // status of each PATCH that the library made
const plainFetch = window.fetch.bind(window);
window.fetch = async (url, options) => {
  const reply = await plainFetch(url, options);
  if (options?.method === 'PATCH') patches.push(reply.status);
  return reply;
};
// Of several candidates that come with a restart the library makes a list with commas, which no browser parses.
const plainRemote = RTCPeerConnection.prototype.setRemoteDescription;
RTCPeerConnection.prototype.setRemoteDescription = function ({ type, sdp }) {
  return plainRemote.call(this, { type, sdp: sdp.replaceAll(/^,(?=a=candidate)/gm, '') });
};

window.publish = async (url, token, layers, height, video = true) => {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: video && { height, width: (height * 16) / 9 } });
  connection = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
  for (const track of stream.getTracks()) {
    const sendEncodings = layers && track.kind === 'video'
      ? layers.map((rid, i) => ({ rid, scaleResolutionDownBy: 2 ** i })) : undefined;
    connection.addTransceiver(track, { direction: 'sendonly', streams: [stream], sendEncodings });
  }
  client = new WHIPClient();
  await client.publish(connection, url, token);
  return client.resourceURL.toString();
};

window.play = async (url, token) => {
  connection = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
  connection.addTransceiver('audio', { direction: 'recvonly' });
  connection.addTransceiver('video', { direction: 'recvonly' });
  const stream = new MediaStream();
  connection.ontrack = ({ track }) => stream.addTrack(track);
  const element = document.createElement('video');
  Object.assign(element, { autoplay: true, srcObject: stream });
  document.body.append(element);
  client = new WHEPClient();
  await client.view(connection, url, token);
  return client.resourceURL.toString();
};

window.restart = () => client.restart();
window.stop = () => client.stop();
window.patches = () => patches;
window.closeSilently = () => connection.close();
window.state = () => ({ connection: connection.connectionState, ice: connection.iceConnectionState, dtls: connection.getTransceivers()[0].sender.transport?.state ?? '' });
window.offerOf = async (kinds) => {
  const one = new RTCPeerConnection();
  for (const kind of kinds) one.addTransceiver(kind, { direction: 'recvonly' });
  return (await one.createOffer()).sdp;
};

/** What is sent or received of a kind: the largest layer, and all of them together. */
window.flow = async (type, kind) => {
  const reports = [...(await connection.getStats()).values()].filter((report) => report.type === type && report.kind === kind);
  return {
    streams: reports.length,
    packets: reports.reduce((sum, report) => sum + (report.packetsSent ?? report.packetsReceived ?? 0), 0),
    frames: reports.reduce((sum, report) => sum + (report.framesDecoded ?? report.framesSent ?? 0), 0),
    width: Math.max(0, ...reports.map((report) => report.frameWidth ?? 0)),
    energy: reports.reduce((sum, report) => sum + (report.totalAudioEnergy ?? 0), 0),
  };
};
window.ready = true;
