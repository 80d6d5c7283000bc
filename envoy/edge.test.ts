/**
 * What clients and the judge proxy may rely on in front of the real Envoy, on both hops.
 *
 * - CONNECT in HTTP/1.1 and HTTP/1.0 reaches the judge proxy as CONNECT, with the target as it was written, and becomes
 *   a tunnel that nothing changes; a refusal comes back with its body.
 * - absolute-form stays absolute, byte for byte.
 * - who the client is, only Envoy says.
 * - what is addressed to the proxy itself goes nowhere.
 * - what Envoy itself refuses is JSON with a marker that nobody else can set.
 *
 * The other end is a stub that writes down what it sees (testing/stub-judge.ts).
 */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { callAdmin } from './admin.ts';
import { echo, openTunnel, send } from './testing/client.ts';
import { Edge } from './testing/edge.ts';

const run = promisify(execFile);

const FORGED = [
  'X-Forwarded-For: 203.0.113.9',
  'X-Forwarded-Host: forged.test',
  'X-Forwarded-Port: 1',
  'X-Forwarded-Proto: https',
  'X-Forwarded-Client-Cert: By=forged',
  'Forwarded: for=203.0.113.9',
  'X-Real-IP: 203.0.113.9',
  'X-Request-Id: forged',
  'X-Judge-Client-Ip: 203.0.113.9',
  'x-JUDGE-anything: forged',
  'x_judge_client_ip: 203.0.113.9',
  'X-Envoy-External-Address: 203.0.113.9',
  'X-Envoy-Original-Path: /forged',
];

describe.each(['h2', 'h1'] as const)('hop %s', (hop) => {
  let edge: Edge;
  beforeAll(async () => {
    edge = await Edge.start(hop);
  });
  afterAll(() => edge.stop());

  test('the hop is the one that was asked for', async () => {
    await send(edge.port, 'GET http://which.test/ HTTP/1.1', 'Host: which.test', 'Connection: close');
    const seen = await edge.judge.saw(({ target }) => target === 'http://which.test/');
    expect(seen.version).toBe(hop === 'h2' ? '2' : '1.1');
  });

  test.each(['1.1', '1.0'])('CONNECT in HTTP/%s becomes a tunnel', async (version) => {
    const target = `tunnel-${version}.test:8443`;
    const { answer, socket } = await openTunnel(edge.port, `CONNECT ${target} HTTP/${version}`, `Host: ${target}`);
    expect(answer.status).toBe(200);
    await echo(socket, 'not HTTP: \u0000\u0001\r\n\r\n'.repeat(1000));
    socket.destroy();
    expect((await edge.judge.saw((seen) => seen.target === target)).method).toBe('CONNECT');
  });

  test('curl tunnels in HTTP/1.0 as well', async () => {
    const failed = run('curl', [
      '-sv',
      '--max-time',
      '20',
      '--proxy1.0',
      `127.0.0.1:${edge.port}`,
      'https://refuse-curl.test/',
    ]);
    const { stderr } = (await failed.catch((error: unknown) => error)) as { stderr: string };
    expect(stderr).toContain('403');
    await edge.judge.saw(({ target }) => target === 'refuse-curl.test:443');
  });

  test('the target of a CONNECT is not touched, and a Host that differs does not count', async () => {
    const { socket } = await openTunnel(edge.port, 'CONNECT MiXed.test.:8443 HTTP/1.1', 'Host: other.test');
    socket.destroy();
    const seen = await edge.judge.saw(({ target }) => target.toLowerCase().startsWith('mixed.test'));
    expect(seen.target).toBe('MiXed.test.:8443');
    expect(JSON.stringify(seen.headers)).not.toContain('other.test');
  });

  test('a refusal by the judge proxy arrives with status and body', async () => {
    const answer = await send(edge.port, 'CONNECT refuse.test:443 HTTP/1.1', 'Host: refuse.test:443');
    expect(answer.status).toBe(403);
    expect(answer.body).toContain('route_denied');
    expect(answer.headers['x-judge-edge']).toBeUndefined();
  });

  test.each(['/a//b/../c%2Fd;p?x=1&y', '/%2e%2e//a'])('absolute-form arrives whole: %s', async (path) => {
    const url = `http://Absolute.test:8081${path}`;
    const answer = await send(edge.port, `GET ${url} HTTP/1.1`, 'Host: ignored.test', 'Connection: close');
    expect(answer).toMatchObject({ status: 200, body: url });
  });

  test.each(['GET http://forged.test/ HTTP/1.1', 'CONNECT forged.test:443 HTTP/1.1'])(
    'forged headers do not arrive: %s',
    async (line) => {
      const from = edge.judge.seen.length;
      const { socket } = await openTunnel(edge.port, line, 'Host: forged.test', ...FORGED);
      socket.destroy();
      const [seen] = edge.judge.seen.slice(from);
      expect(seen?.headers['x-judge-client-ip']).toBe('127.0.0.1');
      const text = JSON.stringify(seen?.headers);
      for (const forged of ['203.0.113.9', 'forged"', 'By=forged', '"https"', '/forged'])
        expect(text).not.toContain(forged);
      expect(seen?.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    },
  );

  test("an origin cannot forge Envoy's marker", async () => {
    const answer = await send(edge.port, 'GET http://marker.test/ HTTP/1.1', 'Host: marker.test', 'Connection: close');
    expect(answer.status).toBe(200);
    expect(answer.headers['x-judge-edge']).toBeUndefined();
  });

  test('what names the proxy or the judge proxy goes nowhere', async () => {
    const from = edge.judge.seen.length;
    const names = [`localhost:${edge.port}`, `LOCALHOST:${edge.port}`, `127.0.0.1:${edge.port}`, `[::1]:${edge.port}`];
    const judges = [`127.0.0.1:${edge.judge.port}`, 'llm-as-judge-proxy:8888', `envoy-proxy:${edge.port}`];
    for (const name of [...names, ...judges]) {
      const connect = await send(edge.port, `CONNECT ${name} HTTP/1.1`, `Host: ${name}`);
      const absolute = await send(edge.port, `GET http://${name}/x HTTP/1.1`, `Host: ${name}`, 'Connection: close');
      const origin = await send(edge.port, 'GET /x HTTP/1.1', `Host: ${name}`, 'Connection: close');
      expect([name, connect.status, absolute.status, origin.status]).toEqual([name, 400, 400, 400]);
    }
    expect(edge.judge.seen.slice(from)).toEqual([]);
  });

  test('/healthz of the proxy itself answers', async () => {
    const answer = await send(edge.port, 'GET /healthz HTTP/1.1', `Host: localhost:${edge.port}`, 'Connection: close');
    expect(answer).toMatchObject({ status: 200, body: 'ok\n' });
  });

  test("Envoy's own refusals are JSON with the marker", async () => {
    const answer = await send(edge.port, 'CONNECT no-port HTTP/1.1', 'Host: no-port');
    expect(answer.status).toBe(400);
    expect(answer.headers['x-judge-edge']).toBe('-');
    expect(JSON.parse(answer.body)).toMatchObject({ error: { source: 'envoy', code: 400 } });
  });

  test('dead origins do not take the judge proxy out of service', async () => {
    for (let count = 0; count < 10; count += 1) {
      const answer = await send(edge.port, 'CONNECT origin-dead.test:443 HTTP/1.1', 'Host: origin-dead.test:443');
      expect(answer.status).toBe(502);
    }
    const { answer, socket } = await openTunnel(edge.port, 'CONNECT alive.test:443 HTTP/1.1', 'Host: alive.test:443');
    socket.destroy();
    expect(answer.status).toBe(200);
  });

  test('1,100 tunnels are open at one time', async () => {
    const open = () => openTunnel(edge.port, 'CONNECT many.test:443 HTTP/1.1', 'Host: many.test:443');
    const tunnels = await Promise.all(Array.from({ length: 1_100 }, open));
    expect(tunnels.filter(({ answer }) => answer.status !== 200)).toEqual([]);
    await Promise.all([tunnels[0], tunnels[1_099]].map((tunnel) => tunnel && echo(tunnel.socket, 'still here')));
    for (const { socket } of tunnels) socket.destroy();
  });

  test('the admin port answers listed paths only', async () => {
    const admin = { host: '127.0.0.1', port: edge.envoy.adminPort };
    const status = async (path: string) => (await callAdmin(admin, 'GET', path)).status;
    expect(await status('/ready')).toBe(200);
    expect(await status('/stats/prometheus')).toBe(200);
    for (const path of ['/config_dump', '/certs', '/clusters', '/server_info', '/help'])
      expect([path, await status(path)]).toEqual([path, 403]);
  });
});

test('the access log has the tag, and neither query nor credential', async () => {
  await using edge = await Edge.start('h2');
  const credential = 'Proxy-Authorization: Basic c2VjcmV0OnNlY3JldA==';
  await send(
    edge.port,
    'GET http://log.test/path?key=secret HTTP/1.1',
    'Host: log.test',
    credential,
    'Connection: close',
  );
  const { socket } = await openTunnel(
    edge.port,
    'CONNECT log-tunnel.test:443 HTTP/1.1',
    'Host: log-tunnel.test',
    credential,
  );
  socket.destroy();
  await edge.envoy.stop();
  const lines = await edge.log();
  expect(lines.find(({ authority }) => authority === 'log.test')).toMatchObject({
    tag: 'upstream_proxy_chaining',
    path: '/path',
    code: 200,
  });
  const types = lines.filter(({ authority }) => authority === 'log-tunnel.test:443').map((line) => line.log_type);
  expect(types).toEqual(['DownstreamTunnelSuccessfullyEstablished', 'DownstreamEnd']);
  expect(JSON.stringify(lines)).not.toMatch(/secret|c2VjcmV0/);
});
