/**
 * Contract:
 * - SIGTERM with a stream open lets the stream end; what is still open at the deadline is cut, and the log says which;
 * - renewed certificates are taken up by both sides of the hop without a restart;
 * - two proxies that point at each other, and a target that is ourselves, are refused and do not spin;
 * - more tunnels than Envoy's default breakers allow (1,024) are carried.
 */

import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Chain, HOSTS, ROOT } from '../support/chain.ts';
import { connectThrough, curl, readUntil, run, tlsThrough } from '../support/clients.ts';
import type { OriginHandler } from '../support/origin.ts';

const GET_STREAM = `GET /stream HTTP/1.1\r\nHost: ${HOSTS.openai}\r\n\r\n`;

/** A stream that goes on until the test lets it end. */
function heldStream(): { handler: OriginHandler; end: () => void } {
  let end = () => {};
  const held = new Promise<void>((done) => {
    end = done;
  });
  const handler: OriginHandler = async (_seen, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('data: first\n\n');
    await held;
    response.end('data: last\n\n');
  };
  return { handler, end };
}

describe.each(['h2', 'h1'] as const)('SIGTERM, hop %s', (hop) => {
  it('lets an open stream end', async () => {
    const { handler, end } = heldStream();
    await using chain = await Chain.start({ hop, handler });
    const socket = await tlsThrough(chain.proxyPort, `${HOSTS.openai}:443`, await readFile(chain.caFile, 'utf8'));
    socket.write(GET_STREAM);
    await readUntil(socket, 'first');
    chain.proxy.kill('SIGTERM');
    await chain.proxy.event('stopping');
    end();
    expect(await readUntil(socket, '\r\n0\r\n\r\n')).toContain('last');
    socket.destroy();
    expect(await chain.proxy.event('drained')).toMatchObject({ outcome: 'finished', count: 0 });
    expect(await chain.proxy.exited).toMatchObject({ code: 0 });
  });

  it('cuts what is open at the deadline, says so, and keeps the record', async () => {
    const { handler } = heldStream();
    await using chain = await Chain.start({ hop, handler, config: { limits: { drain: '200ms' } } });
    const socket = await tlsThrough(chain.proxyPort, `${HOSTS.openai}:443`, await readFile(chain.caFile, 'utf8'));
    socket.write(GET_STREAM);
    await readUntil(socket, 'first');
    chain.proxy.kill('SIGTERM');
    await once(socket, 'close');
    expect(await chain.proxy.event('drained')).toMatchObject({ outcome: 'cut' });
    expect(await chain.proxy.exited).toMatchObject({ code: 0 });
    const reader = await chain.reader();
    expect(await reader.stats()).toMatchObject({ exchanges: 1, open: 0 });
  });
});

describe.each(['h2', 'h1'] as const)('certificates, hop %s', (hop) => {
  it('renewed ones are taken up by Envoy and by the judge proxy without a restart', async () => {
    await using chain = await Chain.start({ hop });
    const certs = join(chain.folder, 'certs');
    const first = await connectThrough(chain.proxyPort, `${HOSTS.tunnel}:443`);
    expect(first.status).toBe(200);
    first.socket.destroy();
    const before = await readFile(join(certs, 'server.crt'), 'utf8');
    // A new chain CA: nothing signed by the old one may be needed afterwards.
    const renewed = await run(process.execPath, [
      join(ROOT, 'certs-tool/cli.ts'),
      'init',
      '--dir',
      certs,
      '--force',
      '--host',
      HOSTS.openai,
    ]);
    expect(renewed, renewed.stderr).toMatchObject({ code: 0 });
    expect(await readFile(join(certs, 'server.crt'), 'utf8')).not.toBe(before);
    await chain.proxy.event('certificates_changed');
    // More tunnels than one HTTP/2 connection carries (100): new connections are opened, and succeed only when each side
    // shows its new certificate and trusts the new CA. Envoy tells nobody when it has read its files: asked until it has.
    let statuses = new Set<number>();
    while (!(statuses.size === 1 && statuses.has(200))) statuses = await openTunnels(chain, 150);
    expect(chain.proxy.lines.filter((line) => line.event === 'ready')).toHaveLength(1);
  });
});

describe('loops', () => {
  it.each([
    ['Envoy itself', (chain: Chain) => `127.0.0.1:${chain.proxyPort}`],
    ['the judge proxy', (chain: Chain) => `127.0.0.1:${chain.judgePort}`],
    ['the judge proxy by name', (chain: Chain) => `localhost:${chain.judgePort}`],
  ])('%s as the target is refused', async (_name, target) => {
    await using chain = await Chain.start({ hop: 'h2' });
    const answer = await connectThrough(chain.proxyPort, target(chain));
    expect(answer.status).toBeGreaterThanOrEqual(400);
    answer.socket.destroy();
    const plain = await curl([
      '--proxy',
      chain.proxyUrl,
      '-o',
      '/dev/null',
      '-w',
      '%{http_code}',
      `http://${target(chain)}/`,
    ]);
    expect(Number(plain.stdout)).toBeGreaterThanOrEqual(400);
  });

  it('two proxies that point at each other refuse the request that comes back', async () => {
    await using one = await Chain.start({ hop: 'plain' });
    // `looped.test` leads to the first proxy, as if DNS named it: the request comes back with our Via.
    await using two = await Chain.start({
      hop: 'plain',
      config: {
        upstream: { connect_to: { 'looped.test:80': `127.0.0.1:${one.judgePort}` } },
        routes: [{ name: 'all', hosts: ['*'], ports: [80], action: 'tunnel' }],
      },
    });
    const ran = await curl(['--proxy', two.proxyUrl, '-o', '/dev/null', '-w', '%{http_code}', 'http://looped.test/']);
    expect(Number(ran.stdout)).toBeGreaterThanOrEqual(400);
    const again = await curl([
      '--proxy',
      two.proxyUrl,
      '-H',
      `Via: 1.1 ${await viaOf(two)}`,
      '-i',
      `http://${HOSTS.tunnel}/`,
    ]);
    expect(again.stdout).toContain('"code":"proxy_loop"');
  });
});

it('1,100 tunnels at one time', { timeout: 60_000 }, async () => {
  await using chain = await Chain.start({ hop: 'h2' });
  const sockets: Socket[] = [];
  try {
    for (let at = 0; at < 1_100; at += 100) {
      const answers = await Promise.all(
        Array.from({ length: 100 }, () => connectThrough(chain.proxyPort, `${HOSTS.tunnel}:443`)),
      );
      expect(answers.map((answer) => answer.status)).toEqual(Array.from({ length: 100 }, () => 200));
      sockets.push(...answers.map((answer) => answer.socket));
    }
  } finally {
    for (const socket of sockets) socket.destroy();
  }
});

/** Opens tunnels at one time and closes them; the different statuses that came. */
async function openTunnels(chain: Chain, count: number): Promise<Set<number>> {
  const answers = await Promise.all(
    Array.from({ length: count }, () => connectThrough(chain.proxyPort, `${HOSTS.tunnel}:443`)),
  );
  for (const answer of answers) answer.socket.destroy();
  return new Set(answers.map((answer) => answer.status));
}

/** The name that a proxy writes into Via, read from what its origin got. */
async function viaOf(chain: Chain): Promise<string> {
  const next = chain.plainOrigin.next();
  await curl(['--proxy', chain.proxyUrl, `http://${HOSTS.recorded}/v1/models`]).catch(() => null);
  const seen = chain.plainOrigin.seen.at(-1) ?? (await next);
  return String(seen.headers.via).replace(/^1\.1 /, '');
}
