/**
 * Contract: each key of `listen`, `interception`, `upstream` and `routes` does what docs/configuration.md says. The whole
 * judge proxy runs with the key changed, and beside it one that differs in that key and behaves otherwise.
 */

import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import http2 from 'node:http2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openReader } from '../../judge-proxy/ledger/reader.ts';
import { connectThrough, readAll, readUntil, tlsThrough } from '../support/clients.ts';
import { accepts, chat, freePorts, getThrough, secondLoopback, send, tlsWire } from '../support/settings-requests.ts';
import type { RunningSettings } from '../support/settings-running.ts';
import { JUDGED, SettingsWorld, TUNNELLED } from '../support/settings-world.ts';

let world: SettingsWorld;
/** As most tests need it; the other one differs in the key of the test. */
let usual: RunningSettings;

beforeAll(async () => {
  world = await SettingsWorld.make();
  usual = await world.start();
});
afterAll(async () => {
  await world?.close();
});

describe('listen', () => {
  it('each host is the address that is bound, each port the one that is listened on', async () => {
    const host = await secondLoopback();
    const [proxy = 0, plain = 0, admin = 0] = await freePorts(3);
    const listen = { proxy: { host, port: proxy }, plain: { host, port: plain }, admin: { host, port: admin } };
    await world.start({ config: { listen } });
    for (const port of [proxy, plain, admin]) {
      expect(await accepts(port, host)).toBe(true);
      expect(await accepts(port, '127.0.0.1')).toBe(false);
    }
    for (const port of [usual.tlsPort, usual.port, usual.adminPort]) {
      expect(await accepts(port, '127.0.0.1')).toBe(true);
      expect(await accepts(port, host)).toBe(false);
    }
  });

  it('cert and key are the pair that is shown, and the key has to belong to the certificate', async () => {
    const { serverCert: cert, serverKey: key } = world.others;
    const changed = await world.start({ config: { listen: { proxy: { cert, key } } } });
    for (const [running, file] of [
      [usual, world.certificates.serverCert],
      [changed, cert],
    ] as const) {
      const shown = await shownBy(running.tlsPort);
      expect(shown.fingerprint256).toBe(new X509Certificate(await readFile(file)).fingerprint256);
    }
    await expect(world.start({ config: { listen: { proxy: { key } } } })).rejects.toThrow(/key/i);
  });

  it('client_ca decides whose certificates are accepted', async () => {
    const changed = await world.start({ config: { listen: { proxy: { client_ca: world.others.caCert } } } });
    const ours = world.certificates;
    const theirs = world.others;
    expect(await connectWith(usual, ours)).toMatch(/^HTTP\/1.1 200/);
    expect(await connectWith(changed, ours)).toBe('');
    expect(await connectWith(usual, theirs)).toBe('');
    expect(await connectWith(changed, theirs)).toMatch(/^HTTP\/1.1 200/);
  });

  it('client_names decides which of them may speak, on both protocols', async () => {
    const changed = await world.start({ config: { listen: { proxy: { client_names: ['another-name'] } } } });
    expect(await connectWith(usual, world.certificates)).toMatch(/^HTTP\/1.1 200/);
    expect(await connectWith(changed, world.certificates)).toContain('x-judge-code: client_unknown');
    expect(await connectByHttp2(usual)).toMatchObject({ ':status': 200 });
    expect(await connectByHttp2(changed)).toMatchObject({ ':status': 403, 'x-judge-code': 'client_unknown' });
  });
});

describe('interception', () => {
  it('ca_cert and ca_key sign what clients see, and belong together', async () => {
    const { interceptionCaCert: ca_cert, interceptionCaKey: ca_key } = world.others;
    const changed = await world.start({ config: { interception: { ca_cert, ca_key } } });
    const own = await readFile(world.certificates.interceptionCaCert, 'utf8');
    const other = await readFile(ca_cert, 'utf8');
    expect(await getThrough(usual.port, JUDGED.a, own)).toMatch(/^HTTP\/1.1 200/);
    expect(await getThrough(changed.port, JUDGED.a, other)).toMatch(/^HTTP\/1.1 200/);
    await expect(getThrough(usual.port, JUDGED.a, other)).rejects.toThrow(/certificate|verify/i);
    await expect(getThrough(changed.port, JUDGED.a, own)).rejects.toThrow(/certificate|verify/i);
    await expect(world.start({ config: { interception: { ca_key } } })).rejects.toThrow(/belongs to the key/);
  });
});

describe('upstream', () => {
  it('ca_files are trusted for origins, and nobody else is', async () => {
    const changed = await world.start({ config: { upstream: { ca_files: [] } } });
    const ca = await readFile(world.certificates.interceptionCaCert, 'utf8');
    expect(await getThrough(usual.port, JUDGED.a, ca)).toMatch(/^HTTP\/1.1 200/);
    const refused = await getThrough(changed.port, JUDGED.a, ca);
    expect(refused).toMatch(/^HTTP\/1.1 502/);
    expect(refused).toContain('x-judge-code: origin_certificate');
  });

  it('connect_to leads a name to the address that it gives', async () => {
    // Names below localhost are loopback without DNS, and the guard refuses that.
    const host = 'moved.localhost';
    const changed = await world.start({ config: { upstream: { connect_to: world.leading(host) } } });
    expect(await send(changed.port, { host })).toMatchObject({ status: 200, code: undefined });
    expect(await send(usual.port, { host })).toMatchObject({ status: 403, code: 'address_denied' });
  });

  it('allow_addresses lets through what the guard refuses', async () => {
    const host = `allowed.localhost:${world.plainOrigin.port}`;
    const changed = await world.start({ config: { upstream: { allow_addresses: ['127.0.0.1/32'] } } });
    expect(await send(changed.port, { host })).toMatchObject({ status: 200, code: undefined });
    expect(await send(usual.port, { host })).toMatchObject({ status: 403, code: 'address_denied' });
  });
});

describe('routes', () => {
  let routed: RunningSettings;

  beforeAll(async () => {
    const both = [443, 80];
    routed = await world.start({
      config: {
        routes: [
          { name: 'closed', hosts: [TUNNELLED], ports: [80], action: 'deny' },
          { name: 'through', hosts: [TUNNELLED], action: 'tunnel' },
          { name: 'scored', hosts: [JUDGED.a], ports: both, action: 'terminate', judge: 'default' },
          { name: 'kept', hosts: [JUDGED.b], ports: both, action: 'terminate' },
        ],
      },
    });
  });

  it('name stands in verdicts and refusals', async () => {
    await chat(routed.port, JUDGED.a, 'route-name');
    expect(await routed.verdict('route-name')).toMatchObject({ route: 'scored' });
    const refused = await send(routed.port, { host: TUNNELLED });
    expect(JSON.parse(refused.body)).toMatchObject({ error: { code: 'route_denied', route: 'closed' } });
    await chat(usual.port, JUDGED.a, 'route-name');
    expect(await usual.verdict('route-name')).toMatchObject({ route: 'judged' });
  });

  it('hosts and ports say what a route covers; 443 alone unless others are given', async () => {
    expect(await statusOf(routed, `${TUNNELLED}:443`)).toBe(200);
    expect(await statusOf(routed, `${TUNNELLED}:${world.plainOrigin.port}`)).toBe(403);
    expect(await statusOf(routed, 'moved.localhost:443')).toBe(403);
    const changed = await world.start({
      config: {
        upstream: { connect_to: world.leading('moved.localhost') },
        routes: [{ name: 'through', hosts: ['moved.localhost'], ports: [80], action: 'tunnel' }],
      },
    });
    expect(await statusOf(changed, 'moved.localhost:80')).toBe(200);
    expect(await statusOf(changed, 'moved.localhost:443')).toBe(403);
    expect(await statusOf(changed, `${TUNNELLED}:80`)).toBe(403);
    expect(changed.codes()).toEqual(['no_route', 'no_route']);
  });

  it('action decides whose certificate the client sees, or that it sees none', async () => {
    const ours = await readFile(world.certificates.interceptionCaCert, 'utf8');
    const connected = async (host: string, ca: string) => {
      const socket = await tlsThrough(routed.port, `${host}:443`, ca);
      socket.destroy();
      return socket.authorized;
    };
    expect(await connected(TUNNELLED, world.originCa.cert)).toBe(true);
    expect(await connected(JUDGED.a, ours)).toBe(true);
    await expect(connected(TUNNELLED, ours)).rejects.toThrow();
    await expect(connected(JUDGED.a, world.originCa.cert)).rejects.toThrow();
    expect(await send(routed.port, { host: TUNNELLED })).toMatchObject({ status: 403, code: 'route_denied' });
  });

  it('judge names who judges; without it exchanges are recorded only', async () => {
    await chat(routed.port, JUDGED.b, 'kept');
    await chat(routed.port, JUDGED.a, 'scored');
    expect(await routed.verdict('scored')).toMatchObject({ judge: { name: 'default' } });
    const reader = openReader(routed.ledgerUrl);
    const unjudged = await reader.unjudged({ limit: 10 });
    await reader.close();
    expect(unjudged).toMatchObject([
      { waiting: false, opened: { route: 'kept', judge: null }, completed: { client_request_id: 'kept' } },
    ]);
  });

  it('mode is one of those that are there, and stands in the verdict', async () => {
    await chat(routed.port, JUDGED.a, 'route-mode');
    expect(await routed.verdict('route-mode')).toMatchObject({ mode: 'observe', action: 'allowed' });
    const route = { name: 'held', hosts: [JUDGED.a], action: 'terminate', judge: 'default' };
    for (const mode of ['observe', 'window', 'hold'])
      expect(world.parse({ routes: [{ ...route, mode }] }).routes[0]?.mode).toBe(mode);
    expect(() => world.parse({ routes: [{ ...route, mode: 'watch' }] })).toThrow(
      /expected one of `observe`, `window`, `hold`/,
    );
  });
});

/** The certificate that the mTLS listener shows. */
async function shownBy(port: number): Promise<X509Certificate> {
  const socket = await tlsWire(port, { ...(await clientPair(world.certificates)), rejectUnauthorized: false });
  const shown = socket.getPeerX509Certificate();
  socket.destroy();
  if (shown === undefined) throw new Error('no certificate was shown');
  return shown;
}

async function clientPair({ clientCert, clientKey }: { clientCert: string; clientKey: string }) {
  return { cert: await readFile(clientCert), key: await readFile(clientKey) };
}

/** Head of the answer to CONNECT over HTTP/1.1 with this pair; empty when TLS refused it. */
async function connectWith(running: RunningSettings, pair: { clientCert: string; clientKey: string }): Promise<string> {
  const options = { ...(await clientPair(pair)), rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] };
  const socket = await tlsWire(running.tlsPort, options);
  socket.write(`CONNECT ${TUNNELLED}:443 HTTP/1.1\r\nHost: ${TUNNELLED}:443\r\n\r\n`);
  const head = await readUntil(socket, '\r\n\r\n').catch(async () => (await readAll(socket)).toString('latin1'));
  socket.destroy();
  return head;
}

async function connectByHttp2(running: RunningSettings): Promise<http2.IncomingHttpHeaders> {
  const ca = await readFile(world.certificates.caCert);
  const session = http2.connect(`https://localhost:${running.tlsPort}`, {
    ca,
    ...(await clientPair(world.certificates)),
  });
  try {
    const stream = session.request({ ':method': 'CONNECT', ':authority': `${TUNNELLED}:443` });
    const [headers] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders];
    stream.close();
    return headers;
  } finally {
    session.close();
  }
}

async function statusOf(running: RunningSettings, authority: string): Promise<number> {
  const answer = await connectThrough(running.port, authority);
  answer.socket.destroy();
  return answer.status;
}
