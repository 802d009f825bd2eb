// A backend that waits for webhooks, with LiveKit's own WebhookReceiver: one line for each request, as it was answered.
// Arguments: port, share of requests that are refused (0 to 1), a file while which exists all are refused, words that are always refused.
import { existsSync } from 'fs';
import http from 'http';
import { WebhookReceiver } from 'livekit-server-sdk';

const [port, share = '0', closed = '', poison = ''] = process.argv.slice(2);
const receiver = new WebhookReceiver('devkey', 'secret');
const say = (kind, detail) => console.log(JSON.stringify({ kind, detail: JSON.stringify(detail), atMs: Date.now() }));
const text = (k, v) => (typeof v === 'bigint' ? String(v) : v);

http.createServer((request, response) => {
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', async () => {
    const answer = (status, kind, detail) => {
      say(kind, detail);
      response.writeHead(status).end();
    };
    const body = Buffer.concat(parts).toString('utf8');
    try {
      const event = await receiver.receive(body, request.headers.authorization);
      const about = JSON.parse(JSON.stringify(event, text));
      const said = { ...about, contentType: request.headers['content-type'], method: request.method, path: request.url };
      if (closed && existsSync(closed)) return answer(503, 'closed', said);
      if (poison && body.includes(poison) && !(closed && existsSync(closed + '.cured'))) return answer(500, 'poisoned', said);
      if (Math.random() < Number(share)) return answer(500, 'refused', said);
      answer(200, 'taken', said);
    } catch (e) {
      answer(401, 'wrong', { why: e.message, body });
    }
  });
}).listen(Number(port), '127.0.0.1', () => say('listening', port));
