/**
 * Contract: an answer that comes while its client still sends, and after which the connection ends, arrives whole, even
 * at a client that reads nothing before it has sent all. Closing with unread input makes the kernel send a reset, and a
 * client that is told so while it writes never looks at what it had received (RFC 9112 §9.6).
 */

import { once } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';
import { HOST, type Hop, Rig } from '../intercept/testing/rig.ts';

let rig: Rig;
afterEach(async () => {
  await rig.close();
});

/** More than all buffers between take, so that a proxy that does not read stops its client. */
const LENGTH = 24 * 2 ** 20;

/** Sends the whole, and only then reads. */
async function sendThenRead(head: string): Promise<string> {
  const client = await rig.peer();
  // Over a stream of HTTP/2 Node's client leaves its side open, which others do not.
  client.stream.once('end', () => client.stream.end());
  client.stream.pause();
  client.write(`${head}\r\nHost: ${HOST}\r\nContent-Length: ${LENGTH}\r\n\r\n`);
  const sent = new Promise<void>((resolve) => {
    client.stream.write(Buffer.alloc(LENGTH, 'x'), () => resolve());
  });
  await Promise.race([sent, once(client.stream, 'close')]);
  client.stream.resume();
  return await client.untilClosed();
}

describe.each<Hop>(['h1', 'h2'])('on the %s hop', (hop) => {
  test('a WebSocket that is refused because it has a body', async () => {
    rig = await Rig.start({ hop, raw: true });
    const text = await sendThenRead('POST / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket');
    expect(text).toMatch(/^HTTP\/1\.1 501 .*x-judge-code: upgrade_refused.*\}\}$/s);
    expect(rig.raw.peers).toEqual([]);
  });

  test('a request that says that it is the last one, refused because we shut down', async () => {
    rig = await Rig.start({ hop, raw: true });
    await rig.forwarder.drain();
    const text = await sendThenRead('POST / HTTP/1.1\r\nConnection: close');
    expect(text).toMatch(/^HTTP\/1\.1 503 .*x-judge-code: shutting_down.*\}\}$/s);
  });

  test('a length that is ambiguous', async () => {
    rig = await Rig.start({ hop, raw: true });
    const text = await sendThenRead('POST / HTTP/1.0\r\nTransfer-Encoding: chunked');
    expect(text).toMatch(/^HTTP\/1\.1 400 .*x-judge-code: ambiguous_framing.*\}\}$/s);
  });
});
