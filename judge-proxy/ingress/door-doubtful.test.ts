/**
 * Contract: behind a request whose end is in doubt nothing on the connection is a request, in any form. Node parses the
 * whole read at once and gives out what follows, before the refusal can close the connection.
 */

import { describe, expect, it } from 'vitest';
import { plainWire, tlsWire } from './clients.fixture.ts';
import { doorSuite } from './door-suite.fixture.ts';

const suite = doorSuite();

const DOUBTFUL =
  'POST http://judged.test/front HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n';

describe.each([
  ['plain HTTP/1.1', () => plainWire(suite.door)],
  ['mTLS HTTP/1.1', () => tlsWire(suite.door)],
] as const)('over %s', (_name, connect) => {
  it.each([
    ['a request', 'GET http://judged.test/smuggled HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['a CONNECT', 'CONNECT judged.test:443 HTTP/1.1\r\nHost: x\r\n\r\n'],
  ])('%s is not taken', async (_what, behind) => {
    const wire = await connect();
    wire.socket.write(`${DOUBTFUL}${behind}`);
    // The fixture's forwarder answers what it is given; the true one refuses the first.
    if (behind.startsWith('GET')) await wire.until((text) => text.endsWith('}'));
    else await wire.whole();
    wire.socket.destroy();
    // A second connection shows that the first has been dealt with.
    const other = await connect();
    other.socket.write('GET http://judged.test/other HTTP/1.1\r\nHost: x\r\n\r\n');
    await other.until((text) => text.endsWith('}'));
    other.socket.destroy();
    const paths = suite.door.forwarder.targets.map((target) => target.path);
    expect(paths).not.toContain('/smuggled');
    expect(paths.at(-1)).toBe('/other');
    expect(suite.door.interceptor.contexts).toEqual([]);
  });

  it('behind a declined upgrade neither, and the connection ends with its answer', async () => {
    const wire = await connect();
    const next = 'GET http://judged.test/next HTTP/1.1\r\nHost: x\r\n\r\n';
    wire.socket.write(
      `GET http://judged.test/first HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n${next}`,
    );
    wire.socket.write(next);
    expect(await wire.whole()).toMatch(/^HTTP\/1\.1 \d+ .*connection: close\r\n/is);
    expect(suite.door.forwarder.targets.map((target) => target.path)).not.toContain('/next');
  });
});
