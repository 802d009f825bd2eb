'use strict';
const { v1, health, reflection, code } = require('./cluster-client');
const { check, refused, eventually } = require('./checks');
const { ClusterService, ReplicaService, WebhookService } = v1;

const services = ['AgentService', 'AuditService', 'ClusterService', 'NodeService', 'ReplicaService', 'RoomService', 'WebhookService'].map((s) => `videoscale.v1.${s}`);

/** Health and reflection, of replicas and media nodes. */
async function faces({ replicas, media }) {
  for (const server of [...replicas, ...media]) {
    const answer = await eventually(() => server.call(health.Health, 'Check'), (a) => a.status === 'SERVING');
    check(`health of ${server.address}`, answer.status === 'SERVING', answer);
  }
  const [watched] = await replicas[0].collect(health.Health, 'Watch', { service: 'no.such.Service' }, () => true);
  check('health of an unknown service', watched.status === 'SERVICE_UNKNOWN', watched);
  const listed = async (server) => (await reflect(server, { list_services: '' })).list_services_response.service.map((s) => s.name);
  const atReplica = await listed(replicas[0]);
  check('reflection of a replica lists every service', services.every((s) => atReplica.includes(s)), atReplica);
  const atNode = await listed(media[0]);
  check('reflection of a media node lists its service', atNode.includes('videoscale.v1.AdmissionService'), atNode);
  const file = await reflect(replicas[0], { file_containing_symbol: 'videoscale.v1.RoomService' });
  check('reflection gives the descriptor', file.file_descriptor_response.file_descriptor_proto[0].includes('CreateRoom'), file);
  const missing = await reflect(replicas[0], { file_containing_symbol: 'no.such.Service' });
  check('reflection of nothing is an error', missing.error_response && missing.error_response.error_code === code.NOT_FOUND, missing);
}

function reflect(server, request) {
  return new Promise((resolve, reject) => {
    const stream = server.client(reflection.ServerReflection).ServerReflectionInfo();
    stream.on('data', (answer) => { resolve(answer); stream.end(); });
    stream.on('error', reject);
    stream.write(request);
  });
}

/** A call that the leader alone answers: who that is may change at any moment, and whoever is asked says that it does not lead. */
async function atLeader(replicas, method, request) {
  for (let tries = 0; ; tries++) {
    try {
      return await replicas[tries % replicas.length].call(ReplicaService, method, request);
    } catch (error) {
      if (tries > 100 || !(error.details || '').includes('does not lead')) throw error;
      await new Promise((done) => setTimeout(done, 50));
    }
  }
}

async function cluster({ replicas }) {
  const hooks = await replicas[0].call(WebhookService, 'ListWebhooks');
  check('no webhooks are configured', hooks.webhooks.length === 0, hooks);
  const dead = await replicas[0].call(WebhookService, 'ListDeadLetters');
  check('so there are no dead letters', dead.letters.length === 0, dead);
  await refused('ReplayDeadLetters of an unknown one is NOT_FOUND', replicas[0].call(WebhookService, 'ReplayDeadLetters', { request_id: 'hooks-1', webhook_id: 'wh-none' }), code.NOT_FOUND);
  await refused('ForgetWebhook of an unknown one is NOT_FOUND', replicas[0].call(WebhookService, 'ForgetWebhook', { request_id: 'hooks-2', webhook_id: 'wh-none' }), code.NOT_FOUND);
  const told = await eventually(async () => ({ all: await Promise.all(replicas.map((r) => r.call(ClusterService, 'GetStatus'))) }),
    (a) => a.all && a.all[0].leader_id !== '0' && new Set(a.all.map((s) => s.leader_id)).size === 1 && a.all.some((s) => s.role === 'REPLICA_ROLE_LEADER'));
  const all = told.all || [];
  check('every replica names the same cluster, leader and members', new Set(all.map((s) => s.cluster_id)).size === 1 && new Set(all.map((s) => s.leader_id)).size === 1 && all.every((s) => s.replicas.length === replicas.length), all);
  check('one of them leads', all.filter((s) => s.role === 'REPLICA_ROLE_LEADER').length === 1, all.map((s) => s.role));
  check('members have different ids', new Set(all.map((s) => s.member_id)).size === replicas.length, all.map((s) => s.member_id));

  const snapshot = await replicas[0].call(ClusterService, 'CreateSnapshot', {}, 60_000);
  check('CreateSnapshot says what it covers', snapshot.index !== '0' && snapshot.bytes !== '0', snapshot);
  await refused('ReportHash refuses a hash of the wrong size', atLeader(replicas, 'ReportHash', { member_id: all[0].member_id, mark_index: '1', state_hash: Buffer.alloc(3) }), code.INVALID_ARGUMENT, 'state_hash');
  await refused('ReportRefusal refuses one of nobody', atLeader(replicas, 'ReportRefusal', { method: 'CreateRoom' }), code.INVALID_ARGUMENT, 'subject');
  const chunks = await replicas[0].collect(ReplicaService, 'FetchSegment', { first_seq: '1' });
  check('FetchSegment gives the first segment of the event log in order', chunks.length > 0 && chunks[chunks.length - 1].last && chunks[0].offset === '0' && chunks[0].data.length > 0, chunks.length);
  await refused('FetchSegment of what no segment begins with is refused', replicas[0].collect(ReplicaService, 'FetchSegment', { first_seq: '2' }), code.INVALID_ARGUMENT, 'first_seq');

  if (replicas.length === 1) return;
  await refused('TransferLeadership to nobody is refused', replicas[0].call(ClusterService, 'TransferLeadership', { target_member_id: '999' }), code.INVALID_ARGUMENT, 'target_member_id');
  const before = all[0].leader_id;
  const target = all.find((s) => s.member_id !== before).member_id;
  const moved = await replicas[0].call(ClusterService, 'TransferLeadership', { target_member_id: target });
  check('TransferLeadership hands over to whom was named', moved.leader_id === target && BigInt(moved.term) > BigInt(all[0].term), moved);
  const after = await eventually(async () => ({ statuses: await Promise.all(replicas.map((r) => r.call(ClusterService, 'GetStatus'))) }), (a) => a.statuses && a.statuses.every((s) => s.leader_id === target));
  check('every replica follows', after.statuses.every((s) => s.leader_id === target), after);
}

module.exports = { faces, cluster };
