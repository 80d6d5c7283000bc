/**
 * Contract: a client that resets its HTTP/2 stream while its upload is stalled, because the origin does not read, is
 * noticed at once. Over HTTP/1 it cannot be: its end stands behind bytes that nobody reads (TCP keeps the order, and a
 * socket that is not read is not watched), so that `limits.origin_idle` is what ends such an exchange.
 */

import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { HOST, Rig } from '../intercept/testing/rig.ts';

let rig: Rig;
afterEach(async () => {
  await rig.close();
});

const LENGTH = 64 * 2 ** 20;

/** Writes until nothing is taken any more. */
async function fill(stream: NodeJS.WritableStream): Promise<void> {
  let taken = 0;
  const pump = async () => {
    for (; taken < LENGTH; taken += 2 ** 20) {
      if (!stream.write(Buffer.alloc(2 ** 20))) await once(stream, 'drain');
    }
  };
  void pump().catch(() => {});
  let last = -1;
  for (let still = 0; still < 500; still += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    if (taken !== last) still = 0;
    last = taken;
  }
  expect(taken).toBeLessThan(LENGTH);
}

test('inside a tunnel', async () => {
  rig = await Rig.start({ hop: 'h2', raw: true });
  const tunnel = await rig.tunnel();
  const client = rig.startTls(tunnel);
  await once(client, 'secureConnect');
  client.write(`POST / HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: ${LENGTH}\r\n\r\n`);
  const origin = await rig.raw.peer();
  origin.stream.pause();
  await fill(client);
  tunnel.destroy();
  await rig.until(() => rig.forwarder.active === 0 && rig.interceptor.active === 0);
  origin.stream.resume();
  await origin.untilClosed();
  expect(rig.ledger.completed).toMatchObject([{ outcome: 'client_aborted' }]);
});

test('in absolute-form', async () => {
  rig = await Rig.start({ raw: true });
  const head = { ':method': 'POST', ':scheme': 'http', ':authority': HOST, ':path': '/x', 'content-length': LENGTH };
  const stream = await rig.h2Request(head, null);
  const origin = await rig.plainRaw.peer();
  origin.stream.pause();
  await fill(stream);
  stream.destroy();
  await rig.until(() => rig.forwarder.active === 0);
  origin.stream.resume();
  await origin.untilClosed();
  expect(rig.ledger.completed).toMatchObject([{ outcome: 'client_aborted' }]);
});
