/**
 * Who may be the judge proxy, and what happens when certificates change under a running Envoy.
 *
 * - Only a certificate of the chain CA for the name llm-as-judge-proxy is the judge proxy; anything else gets nothing,
 *   and clients get a 503 that tells no names.
 * - A renewed client certificate or CA is taken up when it is renamed into place; open tunnels live on.
 * - A pair that does not match is not taken up: the old one stays.
 */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PUBLIC_MODE, writeAtomic, writePair } from '../certs-tool/files.ts';
import { callAdmin } from './admin.ts';
import { echo, openTunnel, send } from './testing/client.ts';
import { Edge, otherFiles } from './testing/edge.ts';

const CONNECT = (host: string) => [`CONNECT ${host}:443 HTTP/1.1`, `Host: ${host}:443`];
const CLUSTER = 'cluster.llm-as-judge-proxy';

/** Polls a counter until it has at least the value: Envoy has no other sign of a reload. */
async function counter(edge: Edge, name: string, atLeast: number): Promise<void> {
  const admin = { host: '127.0.0.1', port: edge.envoy.adminPort };
  for (;;) {
    const { body } = await callAdmin(admin, 'GET', `/stats?filter=${encodeURIComponent(`^${name}$`)}`);
    if (Number(/: (\d+)/.exec(body)?.[1] ?? 0) >= atLeast) return;
  }
}

async function tunnelSerial(edge: Edge, host: string): Promise<string> {
  const { socket } = await openTunnel(edge.port, ...CONNECT(host));
  socket.destroy();
  return (await edge.judge.saw(({ target }) => target === `${host}:443`)).serial;
}

describe.each(['h2', 'h1'] as const)('hop %s', (hop) => {
  test.each([
    ['a certificate of the chain CA for another name', 'DNS:other-service', false],
    ["Envoy's own name", 'DNS:envoy-proxy', false],
    ['the right name from a foreign CA', 'DNS:llm-as-judge-proxy', true],
  ])('%s is not the judge proxy', async (_what, names, foreign) => {
    await using edge = await Edge.start(hop, { files: (folder) => otherFiles(folder, names, foreign) });
    for (const lines of [CONNECT('a.test'), ['GET http://a.test/ HTTP/1.1', 'Host: a.test']]) {
      const answer = await send(edge.port, ...lines);
      expect(answer.status).toBe(503);
      expect(answer.headers['x-judge-edge']).toMatch(/^U/);
      expect(answer.body).not.toContain('other-service');
    }
    expect(edge.judge.seen).toEqual([]);
  });

  test('the same set-up with the right name works, so the refusals above are about the name', async () => {
    await using edge = await Edge.start(hop, { files: (folder) => otherFiles(folder, 'DNS:llm-as-judge-proxy') });
    const { answer, socket } = await openTunnel(edge.port, ...CONNECT('a.test'));
    socket.destroy();
    expect(answer.status).toBe(200);
  });

  test('a renewed client certificate is taken up without a restart, and an open tunnel lives on', async () => {
    await using edge = await Edge.start(hop);
    const open = await openTunnel(edge.port, ...CONNECT('open.test'));
    const before = await tunnelSerial(edge, 'before.test');

    const renewed = await otherFiles(edge.folder, 'DNS:envoy-proxy', false, 'clientAuth');
    const pair = { certFile: join(edge.folder, 'envoy-client.crt'), keyFile: join(edge.folder, 'envoy-client.key') };
    await writePair(pair, { certPem: renewed.cert, keyPem: renewed.key });
    await counter(edge, `${CLUSTER}.client_ssl_socket_factory.ssl_context_update_by_sds`, 3);
    edge.judge.retireConnections();

    expect(await tunnelSerial(edge, 'after.test')).not.toBe(before);
    await echo(open.socket, 'the old tunnel lives on');
    open.socket.destroy();
  });

  test('a key that does not fit its certificate is not taken up', async () => {
    await using edge = await Edge.start(hop);
    const before = await tunnelSerial(edge, 'before.test');
    const { key } = await otherFiles(edge.folder, 'DNS:envoy-proxy');
    await writeAtomic(join(edge.folder, 'envoy-client.key'), key, 0o600);
    await counter(edge, 'sds.envoy_client.key_rotation_failed', 1);
    edge.judge.retireConnections();
    expect(await tunnelSerial(edge, 'after.test')).toBe(before);
  });

  test('a replaced CA is taken up', async () => {
    await using edge = await Edge.start(hop);
    const old = await readFile(join(edge.folder, 'ca.crt'), 'utf8');
    const stranger = await otherFiles(edge.folder, 'DNS:llm-as-judge-proxy', true);
    const newCa = await readFile(join(edge.folder, 'foreign.crt'), 'utf8');
    await writeAtomic(join(edge.folder, 'ca.crt'), newCa, PUBLIC_MODE);
    await counter(edge, `${CLUSTER}.client_ssl_socket_factory.ssl_context_update_by_sds`, 3);

    edge.judge.renew({ ...stranger, ca: old });
    edge.judge.retireConnections();
    const { answer, socket } = await openTunnel(edge.port, ...CONNECT('new-ca.test'));
    socket.destroy();
    expect(answer.status).toBe(200);
  });
});
