// A participant on libwebrtc without a browser: @livekit/rtc-node publishes and receives, and says on its output what it got.
import { AudioFrame, AudioSource, AudioStream, LocalAudioTrack, LocalVideoTrack, Room, RoomEvent, TrackKind, TrackPublishOptions, TrackSource, VideoBufferType, VideoFrame, VideoSource, VideoStream } from '@livekit/rtc-node';

const [url, token, silent] = process.argv.slice(2); // silent: it only listens
const say = (kind, detail = '') => console.log(JSON.stringify({ kind, detail, atMs: Date.now() }));
const room = new Room();
room.on(RoomEvent.Reconnecting, () => say('reconnecting'));
room.on(RoomEvent.Reconnected, () => say('reconnected'));
room.on(RoomEvent.Disconnected, (reason) => say('disconnected', String(reason)));

room.on(RoomEvent.TrackSubscribed, async (track, publication, participant) => {
  say('subscribed', `${participant.identity} ${track.kind === TrackKind.KIND_VIDEO ? 'video' : 'audio'}`);
  let count = 0;
  if (track.kind === TrackKind.KIND_VIDEO) {
    for await (const { frame } of new VideoStream(track)) {
      if (++count % 30 === 1) say('frame', `${participant.identity} ${frame.width}x${frame.height} ${count}`);
    }
  } else {
    let loudest = 0; // of half a second: a fake microphone beeps only now and then
    let heard = false;
    for await (const frame of new AudioStream(track, 48000, 1)) {
      if (!heard && frame.data.some((sample) => Math.abs(sample) > 30)) {
        heard = true;
        say('audio', participant.identity);
      }
      for (const sample of frame.data) loudest = Math.max(loudest, Math.abs(sample));
      if (++count % 50 !== 0) continue;
      if (loudest > 300) say('sound', `${participant.identity} ${loudest}`);
      loudest = 0;
    }
  }
});

say('connecting');
await room.connect(url, token, { autoSubscribe: true, dynacast: false });
say('connected', room.localParticipant.identity);

if (silent) await new Promise(() => setInterval(() => {}, 60_000));

const video = new VideoSource(640, 360);
const options = new TrackPublishOptions({ source: TrackSource.SOURCE_CAMERA, simulcast: true });
await room.localParticipant.publishTrack(LocalVideoTrack.createVideoTrack('pattern', video), options);
const audio = new AudioSource(48000, 1);
await room.localParticipant.publishTrack(LocalAudioTrack.createAudioTrack('tone', audio), new TrackPublishOptions({ source: TrackSource.SOURCE_MICROPHONE }));
say('published');

let tick = 0;
setInterval(() => {
  const picture = new Uint8Array((640 * 360 * 3) / 2);
  for (let row = 0; row < 360; row++) picture.fill((row + tick * 3) & 255, row * 640, (row + 1) * 640);
  picture.fill(128, 640 * 360);
  video.captureFrame(new VideoFrame(picture, 640, 360, VideoBufferType.I420));
  tick++;
}, 50);

const samples = new Int16Array(480);
let phase = 0;
for (;;) {
  for (let i = 0; i < samples.length; i++) samples[i] = Math.round(8000 * Math.sin((phase++ * 2 * Math.PI * 440) / 48000));
  await audio.captureFrame(new AudioFrame(samples, 48000, 1, samples.length));
}
