// The page of a replica: a call on livekit-client, and beside it the fleet as this replica sees it.
'use strict';

const $ = (id) => document.getElementById(id);
const make = (tag, className, text) => Object.assign(document.createElement(tag), { className: className ?? '', textContent: text ?? '' });
const query = new URLSearchParams(location.search);
$('room').value = query.get('room') ?? 'demo';
$('name').value = query.get('name') ?? `guest-${Math.random().toString(36).slice(2, 6)}`;

// ---- the call -------------------------------------------------------------

let room;
const tiles = new Map(); // participant identity + source → element
const patience = typeof LivekitClient === 'undefined' ? null : new LivekitClient.DefaultReconnectPolicy([0, 200, 500, 1000, ...Array(300).fill(2000)]);

function tileOf(participant, source) {
  const key = `${participant.identity}/${source}`;
  if (tiles.has(key)) return tiles.get(key);
  const tile = make('figure', `tile ${source === 'screen_share' ? 'screen' : ''}`);
  tile.style.margin = 0;
  tile.dataset.identity = participant.identity;
  const caption = make('figcaption', 'caption');
  caption.append(make('span', 'quality'), make('span', 'who', source === 'screen_share' ? `${participant.name || participant.identity}: screen` : participant.name || participant.identity), make('span', 'muted dim'));
  tile.append(make('span', 'initial', (participant.name || participant.identity).slice(0, 1).toUpperCase()), caption);
  tiles.set(key, tile);
  $('tiles').append(tile);
  $('empty').hidden = true;
  return tile;
}

function drop(participant, source) {
  for (const [key, tile] of tiles) {
    if (key !== `${participant.identity}/${source}` && (source || !key.startsWith(`${participant.identity}/`))) continue;
    tile.remove();
    tiles.delete(key);
  }
}

function show(track, publication, participant) {
  if (track.kind === 'audio') {
    if (participant !== room.localParticipant) document.body.append(track.attach());
    return;
  }
  const tile = tileOf(participant, track.source);
  tile.querySelector('video')?.remove();
  tile.prepend(track.attach());
  tile.querySelector('.initial').hidden = true;
}

function hide(track, publication, participant) {
  track.detach().forEach((element) => element.remove());
  if (track.source === 'screen_share') drop(participant, 'screen_share');
  else if (track.kind === 'video') tileOf(participant, 'camera').querySelector('.initial').hidden = false;
}

const muted = (publication, participant) => {
  if (publication.kind === 'audio') tileOf(participant, 'camera').querySelector('.muted').textContent = publication.isMuted ? 'muted' : '';
  else if (publication.source === 'camera') {
    const tile = tileOf(participant, 'camera');
    tile.querySelector('.initial').hidden = !publication.isMuted;
    tile.querySelector('video')?.toggleAttribute('hidden', publication.isMuted);
  }
};

function follow() {
  const E = LivekitClient.RoomEvent;
  room
    .on(E.TrackSubscribed, show)
    .on(E.TrackUnsubscribed, hide)
    .on(E.LocalTrackPublished, (publication, participant) => { show(publication.track, publication, participant); buttons(); })
    .on(E.LocalTrackUnpublished, (publication, participant) => { hide(publication.track, publication, participant); buttons(); })
    .on(E.TrackMuted, muted)
    .on(E.TrackUnmuted, muted)
    .on(E.ParticipantConnected, (participant) => tileOf(participant, 'camera'))
    .on(E.ParticipantDisconnected, (participant) => drop(participant))
    .on(E.ActiveSpeakersChanged, (speakers) => {
      const loud = new Set(speakers.map((speaker) => speaker.identity));
      for (const tile of tiles.values()) tile.classList.toggle('speaking', loud.has(tile.dataset.identity));
    })
    .on(E.ConnectionQualityChanged, (quality, participant) => {
      const dot = tileOf(participant, 'camera').querySelector('.quality');
      dot.className = `quality ${quality}`;
      dot.title = `connection: ${quality}`;
    })
    .on(E.SignalReconnecting, () => ($('status').textContent = 'signalling reconnects; the call goes on'))
    .on(E.Reconnecting, () => ($('status').textContent = 'reconnecting …'))
    .on(E.Reconnected, () => ($('status').textContent = `in room ${room.name}`))
    .on(E.Disconnected, (reason) => ended(reason));
}

function ended(reason) {
  const words = { 2: 'joined elsewhere', 4: 'removed by an administrator', 5: 'the room was closed' };
  $('status').textContent = reason === undefined || reason === 1 ? '' : `the call ended: ${words[reason] ?? `reason ${reason}`}`;
  tiles.forEach((tile) => tile.remove());
  tiles.clear();
  document.querySelectorAll('body > audio').forEach((element) => element.remove());
  $('empty').hidden = false;
  $('join').hidden = false;
  $('controls').hidden = true;
}

function buttons() {
  const me = room.localParticipant;
  $('microphone').setAttribute('aria-pressed', me.isMicrophoneEnabled);
  $('camera').setAttribute('aria-pressed', me.isCameraEnabled);
  $('screen').setAttribute('aria-pressed', me.isScreenShareEnabled);
}

async function tokenFor(roomName, name) {
  if (!$('token-field').hidden) return $('token').value.trim();
  const answer = await fetch(`page/token?room=${encodeURIComponent(roomName)}&identity=${encodeURIComponent(name)}`);
  if (!answer.ok) throw new Error(await answer.text());
  return answer.text();
}

async function attempt(what) {
  try { await what(); } catch (e) { $('status').textContent = e.message; }
  if (room) buttons();
}

// A server that loses a session while it begins asks for another one, which ends the client's first attempt: that is no reason to stay out.
async function connect(triesLeft = 3) {
  const token = await tokenFor($('room').value, $('name').value);
  room = new LivekitClient.Room({ adaptiveStream: true, dynacast: true, reconnectPolicy: patience });
  follow();
  try {
    await room.connect(location.origin.replace(/^http/, 'ws'), token);
  } catch (e) {
    if (triesLeft <= 1 || e.reason === LivekitClient.ConnectionErrorReason.NotAllowed) throw e;
    room.removeAllListeners();
    await room.disconnect();
    await connect(triesLeft - 1);
  }
}

async function join(event) {
  event?.preventDefault();
  if (typeof LivekitClient === 'undefined') { $('status').textContent = 'livekit-client was not bundled: build once more where npm can be used'; return; }
  $('enter').disabled = true;
  $('status').textContent = 'joining …';
  try {
    await connect();
    $('status').textContent = `in room ${room.name}`;
    $('join').hidden = true;
    $('controls').hidden = false;
    tileOf(room.localParticipant, 'camera');
    for (const participant of room.remoteParticipants.values()) tileOf(participant, 'camera');
    await attempt(() => room.localParticipant.setMicrophoneEnabled(true));
    await attempt(() => room.localParticipant.setCameraEnabled(true));
  } catch (e) {
    $('status').textContent = `cannot join: ${e.message}`;
  } finally {
    $('enter').disabled = false;
  }
}

$('join').addEventListener('submit', join);
$('microphone').onclick = () => attempt(() => room.localParticipant.setMicrophoneEnabled(!room.localParticipant.isMicrophoneEnabled));
$('camera').onclick = () => attempt(() => room.localParticipant.setCameraEnabled(!room.localParticipant.isCameraEnabled));
$('screen').onclick = () => attempt(() => room.localParticipant.setScreenShareEnabled(!room.localParticipant.isScreenShareEnabled));
$('leave').onclick = () => room.disconnect();
if (query.get('join')) addEventListener('load', () => join());

// ---- the fleet ------------------------------------------------------------

const row = (...cells) => {
  const tr = make('tr');
  for (const cell of cells) {
    const td = make('td', cell?.className);
    td.append(cell instanceof Node ? cell : String(cell?.text ?? cell));
    tr.append(td);
  }
  return tr;
};
const bar = (share) => {
  const box = make('span', '', `${Math.round(share * 100)} %`);
  const line = make('span', 'bar');
  const fill = make('i');
  fill.style.width = `${share * 100}%`;
  line.append(fill);
  box.append(line);
  return box;
};
const colour = { Healthy: 'good', Active: 'good', Suspected: 'warn', Revoking: 'warn', Unplaced: 'warn', Draining: 'warn', Cordoned: 'warn', Lost: 'bad' };

const patienceMs = 3000; // a frozen replica answers nothing
let others = []; // of its cluster, from its last answer: they serve the same page

function away(why) {
  $('away').hidden = !why;
  if (!why) return;
  const links = others.map((address) => Object.assign(make('a', '', address), { href: `http://${address}/?room=${encodeURIComponent($('room').value)}&name=${encodeURIComponent($('name').value)}` }));
  $('away').replaceChildren(why, ...(links.length ? [' Others of its cluster: '] : []), ...links.flatMap((link) => [link, ' ']));
}

async function look() {
  try {
    const answer = await fetch('page/state', { signal: AbortSignal.timeout(patienceMs) });
    if (answer.status === 403) { $('token-field').hidden = false; document.querySelector('aside').hidden = true; return; }
    if (!answer.ok) throw new Error(`${answer.status}`);
    const state = await answer.json();
    others = state.replicas.filter((r) => !r.isSelf && r.address).map((r) => r.address);
    away(state.replicas.some((r) => r.isLeader) ? '' : 'This replica knows no leader: nobody can join through it.');
    $('replicas').tBodies[0].replaceChildren(...state.replicas.map((r) => row(r.address, { text: r.isLeader ? 'leads' : 'follows', className: r.isLeader ? 'good' : 'dim' }, { text: r.isSelf ? `this one, index ${state.appliedIndex}, engine ${state.engine}` : '', className: 'dim' })));
    const leader = state.replicas.find((r) => r.isLeader && !r.isSelf);
    $('measured').hidden = !leader;
    if (leader) $('measured').firstElementChild.href = `http://${leader.address}/?room=${encodeURIComponent($('room').value)}`;
    const notes = [...state.pools];
    if (state.waiting > 0) notes.push(state.waiting === 1 ? '1 room waits for a node' : `${state.waiting} rooms wait for a node`);
    $('pools').textContent = notes.join(' · ');
    $('pools').hidden = notes.length === 0;
    $('nodes').tBodies[0].replaceChildren(...state.nodes.map((n) => row(n.name, { text: n.scheduling === 'Active' ? n.health : n.scheduling, className: colour[n.scheduling === 'Active' ? n.health : n.scheduling] }, n.rooms, n.media, bar(n.headroom))));
    $('rooms').tBodies[0].replaceChildren(...state.rooms.map((r) => row(r.name, { text: r.node || r.status, className: colour[r.status] }, { text: r.epoch, className: 'dim' }, r.participants)));
  } catch {
    away('This replica does not answer.'); // the next look tells when it is back
  }
  setTimeout(look, 2000);
}
look();

const feed = new EventSource('page/events');
feed.onmessage = (message) => {
  const event = JSON.parse(message.data);
  const item = make('li');
  item.append(make('time', '', new Date(event.atMs).toLocaleTimeString()), event.words.replace(/\b([0-9a-f]{8})[0-9a-f]{24}\b/g, '$1…'));
  $('events').prepend(item);
  while ($('events').childElementCount > 200) $('events').lastChild.remove();
};
