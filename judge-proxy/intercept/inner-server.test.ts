/**
 * Contract: what comes inside a tunnel and is no request, or waits for `100 Continue`, is answered as HTTP has it, once,
 * and nothing of it reaches an origin that should not.
 */

import { afterEach, describe, expect, test } from 'vitest';
import { tunnelEnds } from './testing/leftovers.ts';
import { HOST, Rig, type RigOptions } from './testing/rig.ts';

let rig: Rig;
async function start(options: RigOptions = {}): Promise<Rig> {
  rig = await Rig.start(options);
  return rig;
}
afterEach(async () => {
  await rig.close();
});

const _GET = `GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`;

describe('input that is no request', () => {
  test.each([
    ['garbage', 'not http at all\r\n\r\n', 400, 'bad_request'],
    ['no Host', 'GET / HTTP/1.1\r\n\r\n', 400, ''],
    ['a bare line feed in a header', `GET / HTTP/1.1\r\nHost: ${HOST}\r\nX: a\nb\r\n\r\n`, 400, 'bad_request'],
    ['a folded header', `GET / HTTP/1.1\r\nHost: ${HOST}\r\nX: a\r\n b\r\n\r\n`, 400, 'bad_request'],
    [
      'both lengths',
      `POST / HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n`,
      400,
      'ambiguous_framing',
    ],
    [
      'two lengths',
      `POST / HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n`,
      400,
      'ambiguous_framing',
    ],
    ['CONNECT', `CONNECT ${HOST}:443 HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`, 400, 'bad_request'],
    [
      'a head beyond the limit',
      `GET / HTTP/1.1\r\nHost: ${HOST}\r\nX: ${'x'.repeat(70_000)}\r\n\r\n`,
      431,
      'header_too_large',
    ],
  ])('%s is refused, recorded, and the connection closed', async (_name, bytes, status, code) => {
    await start({ raw: true });
    const client = await rig.peer();
    client.write(bytes);
    const text = await client.untilClosed();
    expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    if (code !== '') {
      expect(text).toContain(`x-judge-code: ${code}\r\n`);
      expect(rig.ledger.connections).toMatchObject([{ error_code: code, action: 'deny' }]);
    }
    expect(rig.raw.peers).toHaveLength(0);
    await tunnelEnds(rig);
  });

  test('bytes behind a request cut the connection, and are never sent on', async () => {
    await start({ raw: true });
    const client = await rig.peer();
    client.write(`POST / HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 2\r\n\r\nokGARBAGE / HTTP/9\r\n\r\n`);
    await client.untilClosed();
    await rig.until(() => rig.forwarder.active === 0);
    for (const peer of rig.raw.peers) expect(peer.text).not.toContain('GARBAGE');
    expect(rig.ledger.completed.map((record) => record.outcome)).toEqual(['client_aborted']);
  });

  test('a chunk without a size cuts the upload', async () => {
    await start({ raw: true });
    const client = await rig.peer();
    client.write(`POST / HTTP/1.1\r\nHost: ${HOST}\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n`);
    const origin = await rig.raw.peer();
    await origin.includes('ok');
    client.write('zz\r\n');
    await client.untilClosed();
    await origin.untilClosed();
    expect(origin.text).not.toContain('\r\n0\r\n');
  });

  test('headers that never end', async () => {
    await start({ limits: { headers: '100ms' } });
    const client = await rig.peer();
    client.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\nX-Slow: `);
    const text = await client.untilClosed();
    expect(text).toMatch(/^HTTP\/1.1 408 .*x-judge-code: header_timeout/s);
  });
});

describe('a client that waits for 100 Continue', () => {
  test('gets it, and the origin is not asked for one', async () => {
    await start({ raw: true });
    const client = await rig.peer();
    client.write(`POST / HTTP/1.1\r\nHost: ${HOST}\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n`);
    await client.includes('HTTP/1.1 100 Continue\r\n\r\n');
    client.write('ok');
    const origin = await rig.raw.peer();
    expect(await origin.includes('\r\n\r\nok')).not.toMatch(/expect/i);
    origin.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    await client.includes('\r\n\r\nok');
  });

  test('gets a refusal at once when the names disagree', async () => {
    await start();
    const client = await rig.peer();
    client.write('POST / HTTP/1.1\r\nHost: other.test\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n');
    expect(await client.includes('}')).toMatch(/^HTTP\/1.1 421 /);
  });

  test('for something else gets its answer all the same', async () => {
    await start();
    expect((await rig.request({ headers: { host: HOST, expect: 'tea' } })).status).toBe(200);
    expect(rig.origin.seen[0]?.headers.expect).toBeUndefined();
  });
});
