'use strict';
const { v1, code } = require('./cluster-client');
const { check, refused, eventually, requestId, unique } = require('./checks');
const { NodeService, RoomService } = v1;

module.exports = async function nodes({ replicas, media }) {
  const [first] = replicas;
  const { nodes: listed } = await first.call(NodeService, 'ListNodes');
  const ours = listed.filter((n) => media.some((m) => m.address === n.address));
  check('ListNodes shows every media node, healthy, with its limits', ours.length === media.length && ours.every((n) => n.health === 'NODE_HEALTH_HEALTHY' && n.capacity.bitrate_kbps !== '0' && n.incarnation !== '0'), listed);
  const { node_id } = ours[0];
  const { node } = await first.call(NodeService, 'GetNode', { node_id });
  check('GetNode shows one', node.node_id === node_id && node.scheduling === 'NODE_SCHEDULING_ACTIVE', node);
  await refused('GetNode of nothing is NOT_FOUND', first.call(NodeService, 'GetNode', { node_id: 'nothing' }), code.NOT_FOUND);
  await refused('within_seconds out of bounds is refused by field', first.call(NodeService, 'DrainNode', { request_id: requestId(), node_id, within_seconds: 604801 }), code.INVALID_ARGUMENT, 'within_seconds');

  let acting;
  const seen = (changes, scheduling) => changes.some((c) => c.node.node_id === node_id && c.node.scheduling === scheduling);
  const changes = await first.collect(NodeService, 'WatchNodes', { node_id }, (all) => {
    if (!acting) acting = act(first, node_id);
    return seen(all, 'NODE_SCHEDULING_DRAINING') && all[all.length - 1].node.scheduling === 'NODE_SCHEDULING_ACTIVE';
  }, 60_000);
  await acting;
  check('WatchNodes shows cordon, drain and their ends', changes[0].initial && seen(changes, 'NODE_SCHEDULING_CORDONED') && seen(changes, 'NODE_SCHEDULING_DRAINING'), changes.map((c) => c.node.scheduling));
};

async function act(first, node_id) {
  const request = () => ({ request_id: requestId(), node_id });
  check('CordonNode', (await first.call(NodeService, 'CordonNode', request())).scheduling === 'NODE_SCHEDULING_CORDONED');
  check('UncordonNode', (await first.call(NodeService, 'UncordonNode', request())).scheduling === 'NODE_SCHEDULING_ACTIVE');
  // A room keeps the drain from being done at once.
  const holder = unique('drain-holder');
  await first.call(RoomService, 'CreateRoom', { request_id: requestId(), room_id: holder });
  const { room } = await first.call(RoomService, 'GetRoom', { room_id: holder });
  if (room.node_id !== node_id) await first.call(RoomService, 'MoveRoom', { request_id: requestId(), room_id: holder, target_node_id: node_id });
  await eventually(() => first.call(RoomService, 'GetRoom', { room_id: holder }), (a) => a.room && a.room.node_id === node_id && a.room.status === 'ROOM_STATUS_ACTIVE');
  await refused('a node that holds a room cannot be deregistered', first.call(NodeService, 'DeregisterNode', request()), code.FAILED_PRECONDITION, 'room');
  const drain = await first.call(NodeService, 'DrainNode', { ...request(), within_seconds: 600 });
  check('DrainNode says its deadline and what is to be moved', drain.deadline_ms !== '0' && drain.rooms >= 1, drain);
  check('CancelDrain', (await first.call(NodeService, 'CancelDrain', request())).scheduling === 'NODE_SCHEDULING_ACTIVE');
  await first.call(RoomService, 'CloseRoom', { request_id: requestId(), room_id: holder });
}
