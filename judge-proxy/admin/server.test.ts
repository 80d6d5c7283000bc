/**
 * Contract: three pages for probes on this machine, and nothing else. No bind beyond loopback, no answer to a foreign
 * Host, nothing that changes anything. Real sockets throughout.
 */

import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { createMetrics } from '../telemetry/metrics.ts';
import type { HealthPart } from './health.ts';
import { type Admin, startAdmin } from './server.ts';

let admin: Admin | undefined;

afterEach(async () => {
  await admin?.close();
  admin = undefined;
});

async function start(options: Partial<Parameters<typeof startAdmin>[0]> = {}): Promise<number> {
  const health = () => ({ parts: [{ name: 'ledger', ok: true }] });
  admin = await startAdmin({ host: '127.0.0.1', port: 0, health, metrics: createMetrics(), ...options });
  return admin.port;
}

/** Sends bytes as they are and returns the whole answer: clients tidy up requests before they send them. */
async function exchange(port: number, request: string, host = '127.0.0.1'): Promise<string> {
  const socket = connect(port, host);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.write(request);
  await once(socket, 'close');
  return Buffer.concat(chunks).toString();
}

async function get(port: number, path: string, host = `127.0.0.1:${port}`): Promise<string> {
  return await exchange(port, `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
}

describe('pages', () => {
  test('/healthz: the process answers', async () => {
    const answer = await get(await start(), '/healthz');
    expect(answer).toMatch(/^HTTP\/1.1 200 /);
    expect(answer).toContain('{"status":"alive"}');
  });

  test('/readyz follows its parts, and names the one that fails', async () => {
    const parts: HealthPart[] = [{ name: 'ledger', ok: true }];
    const port = await start({ health: () => ({ parts }) });
    expect(await get(port, '/readyz')).toMatch(/^HTTP\/1.1 200 [\s\S]*"status":"ready"/);
    parts.push({ name: 'listener.proxy', ok: false, reason: 'not_listening' });
    const failing = await get(port, '/readyz');
    expect(failing).toMatch(/^HTTP\/1.1 503 [\s\S]*"status":"not_ready"/);
    expect(failing).toContain('{"name":"listener.proxy","ok":false,"reason":"not_listening"}');
    parts.pop();
    expect(await get(port, '/readyz')).toMatch(/^HTTP\/1.1 200 /);
  });

  test('/readyz without parts is not ready: nothing was wired', async () => {
    expect(await get(await start({ health: () => ({ parts: [] }) }), '/readyz')).toMatch(/^HTTP\/1.1 503 /);
  });

  test('/readyz when the question itself fails: 500, without the text of the failure', async () => {
    const health = () => {
      throw new Error('planted');
    };
    const answer = await get(await start({ health }), '/readyz');
    expect(answer).toMatch(/^HTTP\/1.1 500 /);
    expect(answer).not.toContain('planted');
  });

  test('/metrics: the text that Prometheus reads', async () => {
    const answer = await get(await start(), '/metrics');
    expect(answer).toMatch(/^HTTP\/1.1 200 [\s\S]*content-type: text\/plain; version=0.0.4/i);
    expect(answer).toContain('judge_proxy_not_judged_total{reason="other"} 0');
  });
});

describe('everything else is not here', () => {
  test.each([
    ['GET /'],
    ['GET /health'],
    ['GET /healthz/'],
    ['GET /metrics/x'],
    ['GET /%2e%2e/metrics'],
    ['GET /%zz'],
    ['GET //healthz'],
    ['HEAD /healthz'],
    ['POST /healthz'],
    ['PUT /metrics'],
    ['DELETE /metrics'],
    ['OPTIONS /metrics'],
  ])('%s', async (line) => {
    const port = await start();
    const answer = await exchange(port, `${line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1.1 404 /);
    if (!line.startsWith('HEAD')) expect(answer).toContain('{"error":{"code":"not_found"}}');
  });

  test.each([['application/json'], ['text/plain'], ['multipart/form-data; boundary=x'], ['nonsense']])(
    'a body of %s is not read',
    async (type) => {
      const port = await start();
      const head = `POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${type}\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}`;
      expect(await exchange(port, head)).toMatch(/^HTTP\/1.1 404 /);
    },
  );

  test.each([
    ['CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n'],
    ['GET http://a.example/ HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n'],
  ])('it is no proxy: %j', async (request) => {
    expect(await exchange(await start(), request)).not.toMatch(/^HTTP\/1.1 2/);
  });
});

describe('who may ask', () => {
  test.each([['0.0.0.0'], ['::'], ['10.0.0.1'], [''], ['localhost'], ['::ffff:0.0.0.0']])(
    'no start on %j',
    async (host) => {
      await expect(start({ host })).rejects.toThrow('loopback');
    },
  );

  test('a port that is taken is an error', async () => {
    const port = await start();
    const first = admin;
    await expect(start({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    admin = first;
  });

  test.each([['localhost'], ['LOCALHOST'], ['127.0.0.1'], ['[::1]'], ['localhost:9']])(
    'Host %s is answered',
    async (host) => {
      expect(await get(await start(), '/healthz', host)).toMatch(/^HTTP\/1.1 200 /);
    },
  );

  test.each([
    ['evil.example'],
    ['evil.example:8889'],
    ['localhost.evil.example'],
    ['localhost@evil.example'],
    ['127.0.0.1.nip.example'],
    ['10.0.0.1'],
    [''],
  ])('Host %j is refused: a web page could have pointed its name here', async (host) => {
    const answer = await get(await start(), '/metrics', host);
    expect(answer).toMatch(/^HTTP\/1.1 40[03] /);
    expect(answer).not.toContain('judge_proxy');
  });

  test('no Host at all is refused', async () => {
    expect(await exchange(await start(), 'GET /metrics HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1.1 403 /);
  });

  test.each([['/healthz'], ['/metrics'], ['/nothing'], ['/%zz']])('security headers on %s', async (path) => {
    const answer = (await get(await start(), path)).toLowerCase();
    expect(answer).toContain('x-content-type-options: nosniff');
    expect(answer).toContain("content-security-policy: default-src 'none'; frame-ancestors 'none'");
    expect(answer).toContain('cache-control: no-store');
    expect(answer).not.toContain('access-control-allow');
  });
});

describe('close', () => {
  test('ends connections, idle ones and those in the middle of a request', async () => {
    const port = await start();
    const idle = connect(port, '127.0.0.1');
    idle.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await once(idle, 'data');
    // The answer to the first request shows that the half of the second has been read as well.
    const busy = connect(port, '127.0.0.1');
    busy.on('error', () => undefined);
    busy.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nGET /healthz HTTP/1.1\r\nHost: loc');
    await once(busy, 'data');
    const closed = Promise.all([once(idle, 'close'), once(busy, 'close')]);
    await admin?.close();
    admin = undefined;
    await closed;
    const again = connect(port, '127.0.0.1');
    await expect(once(again, 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});
