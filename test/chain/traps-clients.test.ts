/**
 * Contract, through the real chain, on what clients leave behind: however one goes away before, in or after the
 * handshake inside a tunnel, no tunnel and no descriptor stays at the judge proxy or at Envoy; refusing our certificate
 * changes nothing for the host and is reported once; and random names fill no cache.
 */

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect as tlsConnect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Chain, HOSTS } from '../support/chain.ts';
import { connectThrough, curl, readAll, readUntil, run, tlsThrough } from '../support/clients.ts';
import { descriptors, metric, until } from '../support/probes.ts';
import { pythonWithClients } from '../support/python.ts';

const PYTHON = pythonWithClients();

const AUTHORITY = `${HOSTS.openai}:443`;
/** Leaf certificates that may be kept. */
const LEAVES = 50;
const HALF_HELLO = Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01]);
const WRONG_PIN = 'sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=';

describe.runIf(process.platform === 'linux').each(['h2', 'h1'] as const)('clients that go away, hop %s', (hop) => {
  let chain: Chain;
  let ca: string;
  let atRest: { readonly proxy: number; readonly envoy: number };

  const tunnels = () => metric(chain.adminPort, 'judge_proxy_tunnels_active');
  const held = async () => ({
    proxy: await descriptors(chain.proxy.pid),
    envoy: await descriptors(chain.envoy?.pid ?? 0),
  });
  const nothingIsLeft = () =>
    until(async () => {
      const now = await held();
      return (await tunnels()) === 0 && now.proxy <= atRest.proxy && now.envoy <= atRest.envoy;
    });

  async function request(): Promise<string> {
    const socket = await tlsThrough(chain.proxyPort, AUTHORITY, ca);
    socket.write(`GET /v1/models HTTP/1.1\r\nHost: ${HOSTS.openai}\r\nConnection: close\r\n\r\n`);
    return (await readAll(socket)).toString('latin1');
  }

  beforeAll(async () => {
    chain = await Chain.start({
      hop,
      judgeHandler: null,
      terminatedHosts: ['*.localhost'],
      config: {
        // Names below localhost are loopback: random hosts that resolve.
        upstream: { allow_addresses: ['127.0.0.0/8', '::1/128'] },
        // The first counts on the hop too, where a burst of handshakes waits its turn.
        limits: { tls_handshake: '2s', first_byte: '500ms', leaf_certificates: LEAVES },
        routes: [
          { name: 'openai', hosts: [HOSTS.openai], action: 'terminate', judge: 'default' },
          { name: 'denied', hosts: ['*.denied.recorded.test'], action: 'deny' },
          { name: 'many', hosts: ['*.recorded.test', '*.localhost'], action: 'terminate' },
          { name: 'rest', hosts: ['*'], action: 'tunnel' },
        ],
      },
    });
    ca = await readFile(chain.caFile, 'utf8');
    // Whatever is opened once and kept (Envoy's connection, the origin's pool) is open now.
    expect(await request()).toContain('HTTP/1.1 200');
    atRest = await held();
  });
  afterAll(async () => {
    await chain?.stop();
  });

  const open = async () => {
    const answer = await connectThrough(chain.proxyPort, AUTHORITY);
    expect(answer.status).toBe(200);
    return answer.socket;
  };

  it.each<[string, () => Promise<unknown>]>([
    ['curl that does not know the CA', () => curl(['--proxy', chain.proxyUrl, `https://${HOSTS.openai}/`])],
    [
      'curl with another pinned key',
      () =>
        curl([
          '--proxy',
          chain.proxyUrl,
          '--cacert',
          chain.caFile,
          '--pinnedpubkey',
          WRONG_PIN,
          `https://${HOSTS.openai}/`,
        ]),
    ],
    [
      'Node that does not know the CA',
      async () => {
        const socket = tlsConnect({ socket: await open(), servername: HOSTS.openai });
        await once(socket, 'error');
        socket.destroy();
      },
    ],
    ['a close after the handshake', async () => void (await tlsThrough(chain.proxyPort, AUTHORITY, ca)).end()],
    ['half a ClientHello, then the end', async () => void (await open()).end(HALF_HELLO)],
    [
      'half a ClientHello, then a reset',
      async () => {
        const socket = await open();
        socket.write(HALF_HELLO, () => socket.resetAndDestroy());
      },
    ],
    [
      'half a ClientHello, then silence',
      async () => {
        const socket = await open();
        socket.write(HALF_HELLO);
        await readAll(socket);
      },
    ],
    ['silence after the 200', async () => void (await readAll(await open()))],
    ['plain HTTP inside the tunnel', async () => void (await open()).write('GET / HTTP/1.1\r\n\r\n')],
    [
      'an end in the middle of a request',
      async () => {
        const socket = await tlsThrough(chain.proxyPort, AUTHORITY, ca);
        socket.end(`POST /v1/models HTTP/1.1\r\nHost: ${HOSTS.openai}\r\nContent-Length: 10\r\n\r\nhalf`);
      },
    ],
  ])('%s leaves nothing', async (_what, go) => {
    await Promise.all([go(), go(), go()]);
    await nothingIsLeft();
    expect(await request()).toContain('HTTP/1.1 200');
  });

  it.skipIf(PYTHON === null)('Python that does not know the CA leaves nothing', async () => {
    const script = `import urllib.request\nurllib.request.urlopen('https://${HOSTS.openai}/')`;
    const ran = await run(PYTHON ?? '', ['-c', script], { https_proxy: chain.proxyUrl });
    expect(ran.stderr).toContain('CERTIFICATE_VERIFY_FAILED');
    await nothingIsLeft();
  });

  it('a hundred refusals of our certificate change nothing, and are one event for each kind', async () => {
    const before = chain.origin.seen.length;
    const lanes = Array.from({ length: 5 }, async () => {
      for (let i = 0; i < 20; i += 1) {
        const socket = tlsConnect({ socket: await open(), servername: HOSTS.openai });
        await once(socket, 'error');
        socket.destroy();
      }
    });
    await Promise.all(lanes);
    await nothingIsLeft();
    expect(chain.origin.seen.length).toBe(before);
    const socket = await tlsThrough(chain.proxyPort, AUTHORITY, ca);
    expect(socket.getPeerCertificate().issuer.CN).toMatch(/interception CA/);
    socket.write(`GET /v1/models HTTP/1.1\r\nHost: ${HOSTS.openai}\r\nConnection: close\r\n\r\n`);
    expect(await readUntil(socket, '\r\n\r\n')).toContain('200');
    socket.destroy();
    const kinds = chain.proxy.lines.filter((line) => line.event === 'client_handshake').map((line) => line.reason);
    expect(kinds.length).toBeGreaterThan(0);
    expect(new Set(kinds).size).toBe(kinds.length);
  });

  /** CONNECT to random hosts below a name, five at a time. Each is refused or its tunnel is given up at once. */
  async function visit(count: number, below: string, status: number): Promise<void> {
    const lanes = Array.from({ length: 5 }, async () => {
      for (let i = 0; i < count / 5; i += 1) {
        const answer = await connectThrough(chain.proxyPort, `${randomBytes(6).toString('hex')}.${below}:443`);
        expect(answer.status).toBe(status);
        answer.socket.destroy();
      }
    });
    await Promise.all(lanes);
  }

  it('random hosts leave the certificates bounded, and none is made for a host that policy refuses', async () => {
    const certificates = () => metric(chain.adminPort, 'judge_proxy_leaf_certificates');
    const before = await certificates();
    expect(before).toBeLessThan(LEAVES);
    await visit(200, 'denied.recorded.test', 403);
    // Admitted by policy, refused for its address: not made either.
    await visit(20, 'recorded.test', 502);
    expect(await certificates()).toBe(before);
    await visit(200, 'localhost', 200);
    expect(await certificates()).toBe(LEAVES);
    await nothingIsLeft();
  });
});
