'use strict';
const { v1, code } = require('./cluster-client');
const { check, eventually, requestId, unique } = require('./checks');
const { AgentService, ClusterService, NodeService, RoomService } = v1;

/** A media node, played by this script: it attaches, keeps its lease, gets a room and gives it up. */
class ScriptedNode {
  constructor(server, hello) {
    this.directives = [];
    this.waiting = [];
    this.heartbeats = 0;
    this.stream = server.client(AgentService).Attach();
    this.ended = new Promise((done) => this.stream.on('status', done));
    this.stream.on('error', (error) => { this.error = error.message; });
    this.stream.on('data', (directive) => {
      this.directives.push(directive);
      this.waiting = this.waiting.filter((w) => !w());
    });
    this.stream.write({ hello });
    this.applied = '0';
    this.timer = setInterval(() => this.heartbeat(), 500);
  }

  heartbeat() {
    for (const d of this.directives) if (d.heartbeat_ack && BigInt(d.heartbeat_ack.applied_index) > BigInt(this.applied)) this.applied = d.heartbeat_ack.applied_index;
    if (this.directives.some((d) => d.welcome)) this.stream.write({ heartbeat: { sequence: String(++this.heartbeats), applied_index: this.applied, load: { cpu_permille: 10 } } });
  }

  /** The first directive of a kind that fits; null when the stream ends or it takes too long. */
  directive(kind, fits = () => true, withinMs = 20_000) {
    const find = () => this.directives.find((d) => d.kind === kind && fits(d[kind]));
    return Promise.race([
      new Promise((done) => { const look = () => { const d = find(); if (d) done(d[kind]); return Boolean(d); }; if (!look()) this.waiting.push(look); }),
      this.ended.then(() => null),
      new Promise((done) => { setTimeout(() => done(null), withinMs).unref(); }),
    ]);
  }

  report(report) { this.stream.write({ report }); }

  leave() { clearInterval(this.timer); this.stream.end(); }
}

module.exports = async function agent({ replicas }) {
  const statuses = await Promise.all(replicas.map((r) => eventually(() => r.call(ClusterService, 'GetStatus'), (s) => s.leader_address)));
  const leader = replicas.find((r) => r.address === statuses[0].leader_address);
  const node_id = unique('scripted');
  const region = unique('region');
  const hello = { node_id, incarnation: '4711', region, address: '127.0.0.1:1', capacity: { publishers: 10, subscribers: 100, bitrate_kbps: '100000' }, version: 'interop' };

  const follower = replicas.find((r) => r !== leader);
  if (follower) {
    const lost = new ScriptedNode(follower, hello);
    const status = await lost.ended;
    lost.leave();
    check('a follower sends the node to the leader', status.code === code.FAILED_PRECONDITION && status.metadata.get('videoscale-leader')[0] === leader.address, { code: status.code, details: status.details, trailer: status.metadata.get('videoscale-leader') });
  }

  const node = new ScriptedNode(leader, hello);
  const welcome = await node.directive('welcome');
  check('Attach: the leader welcomes with the lease', welcome && welcome.lease_ttl_ms > 0 && welcome.heartbeat_ms > 0, welcome);
  const ack = await node.directive('heartbeat_ack');
  check('Attach: heartbeats are acknowledged with a lease', ack && ack.sequence !== '0' && ack.lease_ttl_ms > 0, ack || node.error);
  const seen = await eventually(() => leader.call(NodeService, 'GetNode', { node_id }), (a) => a.node && a.node.health === 'NODE_HEALTH_HEALTHY');
  check('Attach: the node is registered', seen.node.region === region && seen.node.incarnation === '4711', seen);

  const room_id = unique('scripted-room');
  const created = await leader.call(RoomService, 'CreateRoom', { request_id: requestId(), room_id, region });
  check('Attach: a room of its region is placed on it', created.node_id === node_id, created);
  const assign = await node.directive('assign', (a) => a.room_id === room_id);
  check('Attach: the assignment is sent with its epoch', assign && assign.epoch === created.epoch, assign);
  await leader.call(RoomService, 'CloseRoom', { request_id: requestId(), room_id });
  const revoke = await node.directive('revoke', (r) => r.room_id === room_id);
  check('Attach: closing revokes the room', revoke && revoke.epoch === created.epoch, revoke);
  node.report({ sequence: '1', room_id, epoch: created.epoch, released: {} });
  const done = await node.directive('heartbeat_ack', (a) => a.reports_done === '1');
  check('Attach: the release is taken into the log', done !== null, done);
  const closed = await eventually(() => leader.call(RoomService, 'GetRoom', { room_id }), (a) => a.room && a.room.status === 'ROOM_STATUS_CLOSED');
  check('Attach: then the room is closed', closed.room.status === 'ROOM_STATUS_CLOSED', closed.room);

  node.leave();
  const gone = await eventually(() => leader.call(NodeService, 'DeregisterNode', { request_id: requestId(), node_id }), (a) => a.node_id === node_id, 60_000);
  check('a node that fell silent is lost, and can be deregistered', gone.node_id === node_id, gone);
};
