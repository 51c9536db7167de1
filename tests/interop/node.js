// Calls the echo service with @grpc/grpc-js. Usage: node node.js <host:port> <folder of echo.proto>
// Prints one line for each step; exits with 1 at the first that is not as expected.
'use strict';

const assert = require('node:assert/strict');
const path = require('node:path');
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');

const [address, folder] = process.argv.slice(2);
const definition = loader.loadSync(path.join(folder, 'echo.proto'), { keepCase: true, defaults: true });
const { EchoService } = grpc.loadPackageDefinition(definition).virtualnumber.test.v1;

const client = (options) => new EchoService(address, grpc.credentials.createInsecure(), options);
const plain = client({});
const gzip = client({ 'grpc.default_compression_algorithm': 2 });

const unary = (stub, request, metadata = new grpc.Metadata(), options = {}) => new Promise((resolve, reject) => {
  stub.Echo(request, metadata, options, (error, response) => (error ? reject(error) : resolve(response)));
});

const all = (stream) => new Promise((resolve, reject) => {
  const messages = [];
  stream.on('data', (message) => messages.push(message));
  stream.on('end', () => resolve(messages));
  stream.on('error', reject);
});

const steps = {
  async unary() {
    assert.equal((await unary(plain, { text: '你好' })).text, '你好');
  },
  async 'client streaming'() {
    const answer = await new Promise((resolve, reject) => {
      const call = plain.Collect((error, response) => (error ? reject(error) : resolve(response)));
      ['a', 'b', 'c'].forEach((text) => call.write({ text }));
      call.end();
    });
    assert.equal(answer.text, 'a,b,c');
  },
  async 'server streaming'() {
    const messages = await all(plain.Repeat({ text: 'again', repeat_count: 100 }));
    assert.deepEqual(messages.map((message) => message.index), [...Array(100).keys()]);
  },
  async 'duplex streaming'() {
    const call = plain.Chat();
    ['a', 'b', 'c'].forEach((text) => call.write({ text }));
    call.end();
    assert.deepEqual((await all(call)).map((message) => message.text), ['a', 'b', 'c']);
  },
  async 'error with details'() {
    await assert.rejects(unary(plain, { fail_code: 5, fail_detail: '号码 100 %' }), (error) => {
      assert.equal(error.code, grpc.status.NOT_FOUND);
      assert.equal(error.details, '号码 100 %');
      assert.equal(error.metadata.get('x-reason')[0], 'asked-for');
      assert.ok(Buffer.isBuffer(error.metadata.get('grpc-status-details-bin')[0]));
      return true;
    });
  },
  async 'unknown method'() {
    await assert.rejects(
      new Promise((resolve, reject) => {
        const same = (value) => value;
        plain.makeUnaryRequest('/virtualnumber.test.v1.EchoService/Missing', same, same, Buffer.alloc(0),
          (error, response) => (error ? reject(error) : resolve(response)));
      }),
      { code: grpc.status.UNIMPLEMENTED });
  },
  async deadline() {
    await assert.rejects(
      unary(plain, { wait_for_test: true }, new grpc.Metadata(), { deadline: Date.now() + 300 }),
      { code: grpc.status.DEADLINE_EXCEEDED });
  },
  async 'gzip both ways'() {
    const text = 'x'.repeat(100000);
    assert.equal((await unary(gzip, { text })).text, text);
  },
  async metadata() {
    const metadata = new grpc.Metadata();
    metadata.set('x-bytes-bin', Buffer.from([0, 255, 1]));
    const received = await new Promise((resolve, reject) => {
      const call = plain.Echo({ return_metadata: true }, metadata, (error) => error && reject(error));
      call.on('metadata', resolve);
    });
    assert.deepEqual([...received.get('x-bytes-bin')[0]], [0, 255, 1]);
  },
};

(async () => {
  for (const [name, step] of Object.entries(steps)) {
    await step();
    console.log(`ok: ${name}`);
  }
  plain.close();
  gzip.close();
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
