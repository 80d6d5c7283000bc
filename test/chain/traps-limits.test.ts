/**
 * Contract, through the real chain: nothing that a client sends or leaves unread costs the judge proxy more than its
 * limits say.
 * - A header block beyond the limit is refused with 431 wherever it comes in, and the refusal arrives.
 * - Headers that never end cost a connection for the time of the limit, at Envoy, at our listener and inside a tunnel.
 * - Endless chunks pass, and only their copy for the judge is kept; one that the origin does not read stops the client.
 * - An answer that the client does not read stops the origin.
 * Resident memory is read from the process while the bytes flow.
 */

import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Chain, HOSTS } from '../support/chain.ts';
import { readAll, readUntil, tlsThrough } from '../support/clients.ts';
import { hopSocket } from '../support/hop-client.ts';
import type { OriginHandler } from '../support/origin.ts';
import { metric, residentBytes, until } from '../support/probes.ts';
import { StrictOrigin } from '../support/strict-origin.ts';

const MIB = 1 << 20;
/** More than any limit below, and small enough for a test. */
const FLOOD = 256 * MIB;
/** What garbage that is not collected yet may add: 80–105 MiB, be the flood 192 or 768 MiB (measured). */
const SLACK = FLOOD / 2;
const CHUNK = Buffer.alloc(64 * 1024, 'x');

const flooding: OriginHandler = (seen, response) => {
  if (seen.url !== '/flood') {
    response.end('ok');
    return;
  }
  response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': FLOOD });
  let sent = 0;
  const more = () => {
    while (sent < FLOOD) {
      sent += CHUNK.length;
      if (!response.write(CHUNK)) return void response.once('drain', more);
    }
    response.end();
  };
  more();
};

describe.each(['h2', 'h1'] as const)('limits, hop %s', (hop) => {
  let chain: Chain;
  let ca: string;
  /** An origin whose connections the test holds in its hands. */
  let held: StrictOrigin;
  /** Begun first, looked at last: Envoy's limit is ten seconds. */
  let slowAtEnvoy: Promise<Buffer>;

  beforeAll(async () => {
    held = await StrictOrigin.start(null);
    chain = await Chain.start({
      hop,
      judgeHandler: null,
      handler: flooding,
      config: {
        upstream: { connect_to: { [`${HOSTS.recorded}:80`]: `127.0.0.1:${held.port}` } },
        limits: { headers: '500ms' },
      },
    });
    ca = await readFile(chain.caFile, 'utf8');
    const slow = connect(chain.proxyPort, '127.0.0.1').on('error', () => {});
    slow.write(`GET http://${HOSTS.recorded}/ HTTP/1.1\r\nHost: ${HOSTS.recorded}\r\nX-Slow: `);
    slowAtEnvoy = readAll(slow);
  });
  afterAll(async () => {
    await chain?.stop();
    await held?.close();
  });

  const viaEnvoy = async (): Promise<Socket> => connect(chain.proxyPort, '127.0.0.1').on('error', () => {});
  const viaHop = (): Promise<Socket> => hopSocket(chain.folder, chain.judgePort);
  const viaTunnel = (): Promise<Socket> => tlsThrough(chain.proxyPort, `${HOSTS.openai}:443`, ca);

  it.each([
    ['in absolute-form at Envoy', viaEnvoy, `GET http://${HOSTS.recorded}/ HTTP/1.1\r\nHost: ${HOSTS.recorded}`],
    ['of a CONNECT at Envoy', viaEnvoy, `CONNECT ${HOSTS.openai}:443 HTTP/1.1\r\nHost: ${HOSTS.openai}:443`],
    ['at our own listener', viaHop, `GET http://${HOSTS.recorded}/ HTTP/1.1\r\nHost: ${HOSTS.recorded}`],
    ['of a CONNECT at our own listener', viaHop, `CONNECT ${HOSTS.openai}:443 HTTP/1.1\r\nHost: ${HOSTS.openai}:443`],
    ['inside a tunnel', viaTunnel, `GET / HTTP/1.1\r\nHost: ${HOSTS.openai}`],
  ])('100,000 header bytes %s and more are answered with 431, in one field and in many', async (_where, open, head) => {
    const one = `X: ${'x'.repeat(100_000)}\r\n`;
    const many = `X-Filler-Of-Headers: ${'x'.repeat(978)}\r\n`.repeat(100);
    // Much more than is read before the refusal: what is left unread must not cost the answer.
    const flood = `X: ${'x'.repeat(800_000)}\r\n`;
    await Promise.all(
      [one, many, flood].map(async (fields) => {
        const socket = await open();
        socket.write(`${head}\r\n${fields}\r\n`);
        expect((await readAll(socket)).toString('latin1')).toMatch(/^HTTP\/1\.1 431 /);
      }),
    );
    expect(chain.origin.seen).toEqual([]);
  });

  it.each([
    ['at our own listener', viaHop, 'GET http://a.test/ HTTP/1.1\r\nHost: a.test\r\nX-Slow: '],
    ['inside a tunnel', viaTunnel, `GET / HTTP/1.1\r\nHost: ${HOSTS.openai}\r\nX-Slow: `],
  ])('headers that never end are answered with 408 %s', async (_where, open, head) => {
    const socket = await open();
    socket.write(head);
    // A field that grows by a byte at a time is no excuse.
    const drip = setInterval(() => socket.write('x'), 50);
    const text = (await readAll(socket)).toString('latin1');
    clearInterval(drip);
    expect(text).toMatch(/^HTTP\/1\.1 408 .*x-judge-code: header_timeout/s);
  });

  /** The highest resident memory while the work runs, above that at its beginning. */
  async function growth(work: Promise<unknown>): Promise<number> {
    const before = await residentBytes(chain.proxy.pid);
    let highest = before;
    let over = false;
    const done = work.finally(() => {
      over = true;
    });
    while (!over) {
      highest = Math.max(highest, await residentBytes(chain.proxy.pid));
      await metric(chain.adminPort, 'judge_proxy_copies_bytes');
    }
    await done;
    return highest - before;
  }

  it('endless chunks pass with bounded memory', async () => {
    let arrived = 0;
    held.script = (socket) => {
      let tail = '';
      socket.on('data', (chunk: Buffer) => {
        arrived += chunk.length;
        tail = (tail + chunk.subarray(-5).toString('latin1')).slice(-5);
        if (tail === '0\r\n\r\n') socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok');
      });
      return true;
    };
    const socket = connect(chain.proxyPort, '127.0.0.1').on('error', () => {});
    const grown = await growth(
      (async () => {
        socket.write(
          `POST http://${HOSTS.recorded}/up HTTP/1.1\r\nHost: ${HOSTS.recorded}\r\nTransfer-Encoding: chunked\r\n\r\n`,
        );
        const piece = Buffer.concat([Buffer.from('10000\r\n'), CHUNK, Buffer.from('\r\n')]);
        for (let sent = 0; sent < FLOOD; sent += CHUNK.length) {
          if (!socket.write(piece)) await once(socket, 'drain');
        }
        socket.write('0\r\n\r\n');
        await readUntil(socket, '\r\n\r\nok');
      })(),
    );
    socket.destroy();
    expect(arrived).toBeGreaterThan(FLOOD);
    expect(grown).toBeLessThan(SLACK);
    await until(async () => (await metric(chain.adminPort, 'judge_proxy_copies_bytes')) === 0);
  });

  it('chunks that the origin does not read stop the client', async () => {
    const paused: Socket[] = [];
    held.script = (socket) => {
      paused.push(socket.pause());
      return true;
    };
    const socket = connect(chain.proxyPort, '127.0.0.1').on('error', () => {});
    socket.write(
      `POST http://${HOSTS.recorded}/up HTTP/1.1\r\nHost: ${HOSTS.recorded}\r\nContent-Length: ${FLOOD}\r\n\r\n`,
    );
    let taken = 0;
    const pump = () => {
      while (taken < FLOOD) {
        taken += CHUNK.length;
        if (!socket.write(CHUNK)) return void socket.once('drain', pump);
      }
    };
    pump();
    const grown = await growth(others());
    expect(paused).toHaveLength(1);
    expect(taken).toBeLessThan(FLOOD / 4);
    expect(grown).toBeLessThan(SLACK);
    paused[0]?.destroy();
    await until(async () => (await metric(chain.adminPort, 'judge_proxy_exchanges_active')) === 0);
    socket.destroy();
    held.script = () => false;
  });

  it('an answer that the client does not read stops the origin, and is whole once it reads', async () => {
    const socket = await viaTunnel();
    socket.write(`GET /flood HTTP/1.1\r\nHost: ${HOSTS.openai}\r\nConnection: close\r\n\r\n`);
    await once(socket, 'readable');
    const grown = await growth(others());
    expect(grown).toBeLessThan(SLACK);
    // Nothing but the windows between us and the origin can be on its way.
    expect(await metric(chain.adminPort, 'judge_proxy_exchanges_active')).toBe(1);
    let received = 0;
    socket.on('data', (chunk: Buffer) => {
      received += chunk.length;
    });
    await once(socket, 'close');
    expect(received).toBeGreaterThan(FLOOD);
    expect(received).toBeLessThan(FLOOD + 4096);
  });

  /** Sixty exchanges on other connections: time enough to pump a flood through, were nothing in its way. */
  async function others(): Promise<void> {
    const socket = await viaTunnel();
    for (let i = 0; i < 60; i += 1) {
      socket.write(`GET /other HTTP/1.1\r\nHost: ${HOSTS.openai}\r\n\r\n`);
      await readUntil(socket, 'ok');
    }
    socket.destroy();
  }

  it('headers that never end are answered with 408 by Envoy too', async () => {
    expect((await slowAtEnvoy).toString('latin1')).toMatch(/^HTTP\/1\.1 408 /);
  });
});
