/**
 * Contract, through the real Envoy on both hops: a refusal is an HTTP answer that the client shows, with a code, the rule
 * and a request id, and never with an address, an origin's text or a stack. Nothing reaches an origin by it.
 */

import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import http2 from 'node:http2';
import { join } from 'node:path';
import { connect as tlsConnect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Chain, HOSTS } from '../support/chain.ts';
import { connectThrough, curl, readAll, readUntil, tlsThrough } from '../support/clients.ts';

describe.each(['h2', 'h1'] as const)('refusals through Envoy, hop %s', (hop) => {
  let chain: Chain;
  let ca: string;

  beforeAll(async () => {
    chain = await Chain.start({ hop });
    ca = await readFile(chain.caFile, 'utf8');
  });
  afterAll(async () => {
    await chain?.stop();
  });

  it('a denied host gets 403 with a body that curl shows', async () => {
    const before = chain.origin.connections;
    const ran = await curl(['--proxy', chain.proxyUrl, '-v', `https://${HOSTS.denied}/`]);
    expect(ran.code).toBe(56);
    expect(ran.stderr).toContain('403');
    expect(ran.stderr).toContain('x-judge-code: route_denied');
    const answer = await connectThrough(chain.proxyPort, `${HOSTS.denied}:443`);
    const text = answer.head + (await readAll(answer.socket)).toString('latin1');
    expect(answer.status).toBe(403);
    const body = JSON.parse(text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1)) as {
      error: Record<string, unknown>;
    };
    expect(body.error).toMatchObject({ code: 'route_denied', type: 'judge_proxy_error', route: 'denied', param: null });
    expect(body.error.request_id).toMatch(/^[0-9a-f-]{36}$/);
    expect(chain.origin.connections).toBe(before);
  });

  it('a denied host in absolute-form gets the same', async () => {
    const ran = await curl(['--proxy', chain.proxyUrl, '-i', `http://${HOSTS.denied}/`]);
    expect(ran.stdout).toMatch(/^HTTP\/1\.1 403/);
    expect(ran.stdout).toContain('"code":"route_denied"');
  });

  it.each([
    ['another Host', 'GET / HTTP/1.1\r\nHost: recorded.test\r\n\r\n'],
    ['another port in Host', `GET / HTTP/1.1\r\nHost: ${HOSTS.openai}:8443\r\n\r\n`],
    ['an absolute URL of another host', `GET https://recorded.test/ HTTP/1.1\r\nHost: ${HOSTS.openai}\r\n\r\n`],
  ])('421 for %s inside the tunnel, for each request, and the connection goes on', async (_name, head) => {
    const before = chain.origin.seen.length;
    const socket = await tlsThrough(chain.proxyPort, `${HOSTS.openai}:443`, ca);
    socket.write(`GET /v1/models HTTP/1.1\r\nHost: ${HOSTS.openai}\r\n\r\n`);
    expect(await readUntil(socket, '"list"')).toMatch(/^HTTP\/1\.1 200/);
    socket.write(head);
    expect(await readUntil(socket, 'name_mismatch"')).toMatch(/HTTP\/1\.1 421/);
    socket.write(`GET /v1/models HTTP/1.1\r\nHost: ${HOSTS.openai}\r\nConnection: close\r\n\r\n`);
    expect((await readAll(socket)).toString('latin1')).toContain('HTTP/1.1 200');
    expect(chain.origin.seen.length - before).toBe(2);
  });

  it('an SNI that differs from the CONNECT authority reaches nobody', async () => {
    const before = chain.origin.seen.length;
    const socket = await tlsThrough(chain.proxyPort, `${HOSTS.openai}:443`, ca, 'recorded.test').catch(() => null);
    if (socket !== null) {
      socket.write(`GET /v1/models HTTP/1.1\r\nHost: ${HOSTS.openai}\r\nConnection: close\r\n\r\n`);
      const text = (await readAll(socket)).toString('latin1');
      if (text !== '') expect(text).toMatch(/^HTTP\/1\.1 421/);
    }
    expect(chain.origin.seen.length).toBe(before);
  });

  it.each([
    ['literal', () => `127.0.0.1:${chain.origin.port}`],
    ['mapped literal', () => `[::ffff:127.0.0.1]:${chain.origin.port}`],
    ['a name that leads to a private address', () => `localhost:${chain.origin.port}`],
    ['metadata', () => '169.254.169.254:80'],
    ['the neighbour of a connect_to address', () => '127.0.0.1:443'],
  ])('a private address is refused by %s', async (_name, authority) => {
    const before = chain.origin.connections;
    const answer = await connectThrough(chain.proxyPort, authority());
    expect(answer.status).toBe(403);
    expect(answer.head).toContain('x-judge-code: address_denied');
    answer.socket.destroy();
    expect(chain.origin.connections).toBe(before);
  });

  it.each([
    ['expired', HOSTS.expired, 'CERT_HAS_EXPIRED'],
    ['for another name', HOSTS.stranger, 'ERR_TLS_CERT_ALTNAME_INVALID'],
  ])('an origin certificate that is %s gives 502 with a reason', async (_name, host, reason) => {
    const ran = await curl(['--proxy', chain.proxyUrl, '--cacert', chain.caFile, '-i', `https://${host}/v1/models`]);
    expect(ran.stdout).toContain('HTTP/1.1 502');
    const body = JSON.parse(ran.stdout.slice(ran.stdout.indexOf('{'))) as { error: object };
    expect(body.error).toMatchObject({ code: 'origin_certificate', reason });
    expect(ran.stdout).not.toMatch(/127\.0\.0\.1|Error:|at .*\.ts/);
  });

  it('an origin that cannot be reached gives 502', async () => {
    const ran = await curl([
      '--proxy',
      chain.proxyUrl,
      '--cacert',
      chain.caFile,
      '-i',
      `https://${HOSTS.dead}/v1/models`,
    ]);
    expect(ran.stdout).toContain('HTTP/1.1 502');
    expect(ran.stdout).toContain('"code":"connect_failed"');
  });

  it('forged identity headers do not arrive, neither at the origin nor as the client of a verdict', async () => {
    const forged = [
      'X-Forwarded-For: 8.8.8.8',
      'X-Judge-Client-Ip: 8.8.8.8',
      'x_judge_client_ip: 8.8.8.8',
      'X-Real-IP: 8.8.8.8',
      'Forwarded: for=8.8.8.8',
      'X-Request-ID: forged',
    ];
    const answer = await connectThrough(chain.proxyPort, `${HOSTS.openai}:443`, forged);
    expect(answer.status).toBe(200);
    answer.socket.destroy();
    const ran = await curl([
      '--proxy',
      chain.proxyUrl,
      ...forged.flatMap((header) => ['-H', header]),
      '-H',
      'Proxy-Authorization: Basic c2VjcmV0',
      '-H',
      'content-type: application/json',
      '-d',
      '{"model":"forged-headers","messages":[]}',
      `http://${HOSTS.recorded}/v1/chat/completions`,
    ]);
    expect(ran.stdout).toContain('chat.completion');
    const seen = chain.plainOrigin.seen.at(-1);
    expect(JSON.stringify(seen?.rawHeaders)).not.toContain('8.8.8.8');
    expect(JSON.stringify(seen?.rawHeaders).toLowerCase()).not.toContain('proxy-authorization');
    const verdict = await chain.verdict((one) => one.model_requested === 'forged-headers');
    expect(verdict.client).toBe('address:127.0.0.1');
  });

  it('a client without certificate is refused on :8888', async () => {
    const socket = tlsConnect({
      port: chain.judgePort,
      host: '127.0.0.1',
      rejectUnauthorized: false,
      ALPNProtocols: ['http/1.1'],
    });
    socket.on('error', () => {});
    socket.write(`CONNECT ${HOSTS.tunnel}:443 HTTP/1.1\r\nHost: ${HOSTS.tunnel}:443\r\n\r\n`);
    const text = (await readAll(socket)).toString('latin1');
    expect(text).not.toContain(' 200 ');
    await chain.proxy.line((line) => /client|certificate/i.test(JSON.stringify(line)));
  });

  it('nothing administrative answers on :8888, not even to Envoy', async () => {
    const folder = join(chain.folder, 'certs');
    const session = http2.connect(`https://localhost:${chain.judgePort}`, {
      ca: await readFile(join(folder, 'ca.crt')),
      cert: await readFile(join(folder, 'envoy-client.crt')),
      key: await readFile(join(folder, 'envoy-client.key')),
    });
    try {
      for (const path of ['/metrics', '/healthz', '/api/exchanges']) {
        const stream = session.request({ ':path': path });
        const [headers] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders];
        stream.resume();
        expect(Number(headers[':status'])).toBeGreaterThanOrEqual(400);
      }
    } finally {
      session.close();
    }
  });
});
