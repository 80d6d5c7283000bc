/**
 * Contract: what answers without a caller is health alone; everything else is a problem with a code, whatever was sent.
 * No bind beyond loopback without TLS, no answer to a foreign Host. Real sockets throughout.
 */

import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { HealthPart } from './health.ts';
import { MOST_CONNECTIONS } from './http/app.ts';
import { AdminRig, type RigOptions } from './testing/admin-rig.ts';

/** As it is by default, for all tests that change nothing. */
let usual: AdminRig;
/** That of one test. */
let rig: AdminRig | undefined;

beforeAll(async () => {
  usual = await AdminRig.start();
});
afterAll(async () => {
  await usual?.[Symbol.asyncDispose]();
});
afterEach(async () => {
  await rig?.[Symbol.asyncDispose]();
  rig = undefined;
});

async function start(options?: RigOptions): Promise<number> {
  if (options === undefined) return usual.port;
  rig = await AdminRig.start(options);
  return rig.port;
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

  // Node alone looks each 30 s for those who had a minute: then it is not over in time.
  test('half a request holds a connection for seconds, not for a minute', { timeout: 55_000 }, async () => {
    const port = await start();
    const post = 'POST /api/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9';
    const halves = ['', 'GET / HTTP/1.1\r\nHost: local', `${post}\r\n\r\n{`].map(async (sent) => {
      const socket = connect(port, '127.0.0.1').resume();
      socket.write(sent);
      await once(socket, 'close');
    });
    await Promise.all(halves);
  });

  test('a caller that goes away is no failure of ours', async () => {
    const [asked, ended] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    rig = await AdminRig.start({
      handlers: {
        health: async (_given, { signal }) => {
          asked.resolve();
          await once(signal, 'abort');
          ended.resolve();
          throw signal.reason;
        },
      },
    });
    const { token } = await rig.tokenOf('admin', 'admin', ['health:read']);
    const socket = connect(rig.port, '127.0.0.1');
    socket.write(`GET /api/health HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\n\r\n`);
    await asked.promise;
    socket.destroy();
    await ended.promise;
    await rig.admin.close();
    expect(rig.log.lines.filter(({ event }) => event === 'admin_failed')).toEqual([]);
  });

  test('/api/openapi.json: the version is that of this program, and nobody is told that of Node', async () => {
    const answer = await get(await start(), '/api/openapi.json');
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    expect(answer).toContain(`"version":"${version}"`);
    expect(answer).not.toContain(process.version);
  });

  test('/metrics: for a token with metrics:read, or for everybody on this machine when it is open', async () => {
    const port = await start();
    expect(await get(port, '/metrics')).toMatch(/^HTTP\/1.1 401 /);
    const ask = async (scope: 'metrics:read' | 'health:read') => {
      const { token } = await usual.tokenOf('admin', 'admin', [scope]);
      return await exchange(
        port,
        `GET /metrics HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\n\r\n`,
      );
    };
    expect(await ask('health:read')).toMatch(/^HTTP\/1.1 403 /);
    const answer = await ask('metrics:read');
    expect(answer).toMatch(/^HTTP\/1.1 200 [\s\S]*content-type: text\/plain; version=0.0.4/i);
    expect(answer).toContain('judge_proxy_not_judged_total{reason="other"} 0');
    expect(await get(await start({ listen: { open_metrics: true } }), '/metrics')).toContain('judge_proxy_not_judged');
  });
});

describe('everything else is not here', () => {
  test.each([
    ['GET /'],
    ['GET /console'],
    ['GET /api'],
    ['GET /api/nothing'],
    ['GET /api/exchanges/'],
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
    if (!line.startsWith('HEAD')) {
      expect(answer).toContain('content-type: application/problem+json');
      expect(answer).toContain('"code":"not_found"');
    }
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
  const TLS = { cert: 'a', key: 'b' };
  const PROXIED = { behind_trusted_proxy: true, public_origin: 'https://judge.example' };
  test.each([
    ['0.0.0.0', {}, 'listen.admin.tls is not set'],
    ['::', {}, 'listen.admin.behind_trusted_proxy: true'],
    ['10.0.0.1', {}, 'listen.admin.tls'],
    ['::ffff:0.0.0.0', {}, 'listen.admin.tls'],
    ['', {}, 'listen.admin.host'],
    ['localhost', {}, 'listen.admin.host'],
    ['127.0.0.1', { behind_trusted_proxy: true }, 'listen.admin.public_origin is not set'],
    ['127.0.0.1', { public_origin: 'https://judge.example' }, 'listen.admin.behind_trusted_proxy is not set'],
    ['127.0.0.1', { ...PROXIED, public_origin: 'https://judge.example/x' }, 'listen.admin.public_origin'],
    ['0.0.0.0', { tls: TLS, open_metrics: true }, 'listen.admin.open_metrics'],
    ['127.0.0.1', { ...PROXIED, open_metrics: true }, 'listen.admin.open_metrics'],
    ['0.0.0.0', { tls: TLS }, 'listen.admin.tls; npm run certs'],
  ])('no start on %j with %j: it says %s', async (host, rest, words) => {
    await expect(start({ listen: { host, ...rest } })).rejects.toThrow(words);
  });

  test('on every address, behind a proxy that the operator vouches for', async () => {
    const port = await start({ listen: { host: '0.0.0.0', ...PROXIED } });
    expect(await get(port, '/healthz', 'judge.example')).toMatch(/^HTTP\/1.1 200 /);
    expect(await get(port, '/healthz', 'other.example')).toMatch(/^HTTP\/1.1 403 /);
  });

  test('a port that is taken is an error', async () => {
    const port = await start();
    await expect(AdminRig.start({ listen: { port } })).rejects.toMatchObject({ code: 'EADDRINUSE' });
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
    const answer = await get(await start({ listen: { open_metrics: true } }), '/metrics', host);
    expect(answer).toMatch(/^HTTP\/1.1 40[03] /);
    expect(answer).not.toContain('judge_proxy_');
  });

  test('no Host at all is refused', async () => {
    expect(await exchange(await start(), 'GET /metrics HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1.1 403 /);
  });

  test('names of the configuration are answered, and no others', async () => {
    const port = await start({ listen: { names: ['Judge.internal', '192.0.2.7', '2001:db8::7'] } });
    for (const host of ['judge.internal', 'JUDGE.internal:8889', '192.0.2.7', '[2001:db8::7]:1', 'localhost']) {
      expect(await get(port, '/healthz', host), host).toMatch(/^HTTP\/1.1 200 /);
    }
    expect(await get(port, '/healthz', 'judge.internal.evil.example')).toMatch(/^HTTP\/1.1 403 /);
  });

  test.each([['/healthz'], ['/metrics'], ['/nothing'], ['/%zz'], ['/api/session'], ['/api/openapi.json']])(
    'security headers on %s',
    async (path) => {
      const answer = (await get(await start(), path)).toLowerCase();
      const [head = ''] = answer.split('\r\n\r\n');
      expect(head).toContain('x-content-type-options: nosniff');
      expect(head).toContain("content-security-policy: default-src 'none'; frame-ancestors 'none'; base-uri 'none'");
      expect(head).toContain('referrer-policy: no-referrer');
      expect(head).toContain('cross-origin-opener-policy: same-origin');
      expect(head).toContain('cross-origin-resource-policy: same-origin');
      expect(head).toContain('cache-control: no-store');
      expect(head).toMatch(/x-request-id: [0-9a-f-]{36}/);
      expect(head).not.toContain('unsafe-');
      expect(head).not.toContain('access-control-allow');
      expect(head).not.toContain('strict-transport-security');
      expect(head).not.toContain('x-powered-by');
    },
  );
});

describe('the console', () => {
  let folder = '';
  const page =
    '<!doctype html><html><head><title>t</title></head><body><script src="/assets/a-1.js"></script></body></html>';
  const withConsole = async (options: RigOptions = {}) => {
    folder = mkdtempSync(join(tmpdir(), 'console-'));
    mkdirSync(join(folder, 'assets'));
    writeFileSync(join(folder, 'index.html'), page);
    writeFileSync(join(folder, 'assets', 'a-1.js'), 'export {};');
    writeFileSync(join(folder, 'favicon.svg'), '<svg/>');
    writeFileSync(join(folder, '.hidden'), 'hidden');
    return await start({ ...options, consoleFolder: folder });
  };
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** As a browser asks for a page. */
  const visit = async (port: number, path: string) =>
    await exchange(
      port,
      `GET ${path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/html,*/*\r\nConnection: close\r\n\r\n`,
    );

  test.each([['/'], ['/index.html'], ['/queue/severe'], ['/exchanges/0123?x=1'], ['/apix']])(
    '%s is the page, with a nonce that the policy names, another one each time',
    async (path) => {
      const port = await withConsole();
      const nonces = new Set<string>();
      for (let round = 0; round < 2; round += 1) {
        const answer = await visit(port, path);
        expect(answer).toMatch(/^HTTP\/1.1 200 /);
        const [, nonce = ''] = /<head><meta name="csp-nonce" content="([^"]+)">/.exec(answer) ?? [];
        expect(nonce).toMatch(/^[A-Za-z0-9+/]{22}==$/);
        expect(answer).toContain(`style-src 'self' 'nonce-${nonce}';`);
        expect(answer).toContain("script-src 'self';");
        expect(answer).toContain('cache-control: no-store');
        nonces.add(nonce);
      }
      expect(nonces.size).toBe(2);
    },
  );

  test('files: those with a hash for a year, others asked for again', async () => {
    const port = await withConsole();
    const asset = await visit(port, '/assets/a-1.js');
    expect(asset).toMatch(/^HTTP\/1.1 200 [\s\S]*cache-control: public, max-age=31536000, immutable/);
    expect(asset).toContain('x-content-type-options: nosniff');
    expect(await visit(port, '/favicon.svg')).toMatch(/^HTTP\/1.1 200 [\s\S]*cache-control: no-cache/);
  });

  test.each([
    ['/assets/none.js'],
    ['/api/nothing'],
    ['/metrics/x'],
    ['/.hidden'],
    ['/assets/../../package.json'],
    ['/%2e%2e/%2e%2e/etc/passwd'],
    ['/assets/%2e%2e%2f.hidden'],
    ['/assets/'],
  ])('%s is no page and no file', async (path) => {
    const answer = await visit(await withConsole(), path);
    expect(answer).toMatch(/^HTTP\/1.1 40[0134] /);
    expect(answer).not.toContain('csp-nonce');
    expect(answer).not.toContain('hidden\r\n');
    expect(answer).not.toContain('root:');
  });

  test('no data without a session: the page is the same file for everybody', async () => {
    const port = await withConsole();
    const text = (answer: string) => answer.split('\r\n\r\n')[1]?.replace(/content="[^"]*"/, '');
    const stranger = text(await visit(port, '/users'));
    const session = await rig?.administrator();
    const signedIn = await session?.call('GET', '/users', undefined, { accept: 'text/html' });
    expect(String(signedIn?.body).replace(/content="[^"]*"/, '')).toBe(stranger);
  });

  test('a console that was not built: the API works, and the page says so', async () => {
    const answer = await visit(await start(), '/');
    expect(answer).toMatch(/^HTTP\/1.1 404 /);
  });
});

test('connections have a bound, and nobody keeps others out: one more is answered, and one that asks nothing goes', async () => {
  const port = await start({});
  const sockets = Array.from({ length: MOST_CONNECTIONS }, () => connect(port, '127.0.0.1'));
  const gone = Promise.race(sockets.map((socket) => once(socket.resume(), 'close')));
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  const more = connect({ port, host: '127.0.0.1', localAddress: '127.0.0.2' });
  more.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
  const [answer] = await once(more, 'data');
  expect(String(answer)).toMatch(/^HTTP\/1.1 200 /);
  await gone;
  for (const socket of [...sockets, more]) socket.destroy();
});

describe('close', () => {
  test('ends connections, idle ones and those in the middle of a request', async () => {
    const port = await start({});
    const idle = connect(port, '127.0.0.1');
    idle.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await once(idle, 'data');
    // The answer to the first request shows that the half of the second has been read as well.
    const busy = connect(port, '127.0.0.1');
    busy.on('error', () => undefined);
    busy.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nGET /healthz HTTP/1.1\r\nHost: loc');
    await once(busy, 'data');
    const closed = Promise.all([once(idle, 'close'), once(busy, 'close')]);
    await rig?.admin.close();
    await closed;
    const again = connect(port, '127.0.0.1');
    await expect(once(again, 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});
