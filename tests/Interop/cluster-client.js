'use strict';
// The stock gRPC client, loaded from the .proto files alone: what any user of VideoScale in another language has.
const path = require('path');
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');

const wire = path.join(__dirname, '..', '..', 'src', 'Contracts', 'Wire');
const options = { keepCase: true, longs: String, enums: String, defaults: true, oneofs: true };
const load = (file, dir) => grpc.loadPackageDefinition(loader.loadSync(file, { ...options, includeDirs: [dir] }));

const files = ['room', 'webhook', 'node', 'cluster', 'audit', 'agent', 'admission', 'replica'];
const v1 = Object.assign({}, ...files.map((f) => load(`videoscale/v1/${f}.proto`, wire).videoscale.v1));
const health = load('health.proto', path.join(__dirname, 'protos')).grpc.health.v1;
const reflection = load('reflection.proto', path.join(__dirname, 'protos')).grpc.reflection.v1alpha;

const DEADLINE_MS = 20_000;
const code = grpc.status;
const codeName = (value) => Object.keys(code).find((k) => code[k] === value) || String(value);

/** One server: a client object per service, made when first used. */
class Server {
  constructor(address) {
    this.address = address;
    this.clients = new Map();
  }

  client(Service) {
    if (!this.clients.has(Service)) this.clients.set(Service, new Service(this.address, grpc.credentials.createInsecure()));
    return this.clients.get(Service);
  }

  /** A unary call; rejects with the gRPC error. */
  call(Service, method, request = {}, deadlineMs = DEADLINE_MS) {
    return new Promise((resolve, reject) => {
      this.client(Service)[method](request, { deadline: Date.now() + deadlineMs }, (error, reply) => (error ? reject(error) : resolve(reply)));
    });
  }

  /** A server stream; ends when `enough(messages)` holds or the server ends it. */
  collect(Service, method, request, enough = () => false, deadlineMs = DEADLINE_MS) {
    return new Promise((resolve, reject) => {
      const messages = [];
      const stream = this.client(Service)[method](request, { deadline: Date.now() + deadlineMs });
      stream.on('data', (message) => {
        messages.push(message);
        if (enough(messages)) { resolve(messages); stream.cancel(); }
      });
      stream.on('error', reject); // after resolve it changes nothing
      stream.on('end', () => resolve(messages));
    });
  }

  close() { for (const client of this.clients.values()) client.close(); }
}

module.exports = { grpc, v1, health, reflection, code, codeName, Server };
