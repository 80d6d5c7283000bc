/**
 * The compose file, brought up for real: one exchange of each action goes through it, and what the file promises holds
 * in the running containers.
 *
 * - terminate: the client sees the interception CA, the origin is asked, a verdict is in the ledger
 * - tunnel: the client sees the origin's own certificate
 * - deny: 403 with a code
 * - Envoy's admin port cannot be reached from the neighbour container, and the console's is published on loopback by HTTPS
 *   and answers nobody who is not signed in; no key is in the image or with the wrong container
 * - what clients have to trust lies on the host and belongs to the owner of its folder
 *
 * Runs where Docker answers; REQUIRE=containers makes its absence a failure.
 */

import { execFile, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import http from 'node:http';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import tls from 'node:tls';
import { promisify } from 'node:util';
import {
  DockerComposeEnvironment,
  type StartedDockerComposeEnvironment,
  type StartedTestContainer,
  Wait,
} from 'testcontainers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeOriginCa, makeOriginCertificate, type TestCertificate } from '../support/certificates.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const MINUTES = 60_000;
const LEDGER = 'sqlite:/var/lib/judge-proxy/ledger/ledger.db';
const FILES = ['docker-compose.yml', 'test/containers/compose.test.yml'];
/** Of its own, so that a stack that somebody runs from this folder is left alone. */
const PROJECT = `judge-proxy-test-${process.pid}`;
const run = promisify(execFile);

function dockerAnswers(): boolean {
  try {
    execFileSync('docker', ['info'], { stdio: 'ignore', timeout: 20_000 });
    return true;
  } catch {
    return false;
  }
}

const isRequired = (process.env.REQUIRE ?? '').split(',').includes('containers');
const hasDocker = dockerAnswers();

test.runIf(isRequired)('REQUIRE=containers: Docker answers', () => {
  expect(hasDocker).toBe(true);
});

describe.runIf(hasDocker)('docker compose up', () => {
  let folder: string;
  let originCa: TestCertificate;
  let environment: StartedDockerComposeEnvironment;
  let envoy: StartedTestContainer;
  let judge: StartedTestContainer;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'judge-compose-'));
    await chmod(folder, 0o755);
    originCa = await makeOriginCa(join(folder, 'ca'));
    await makeOriginCertificate(originCa, join(folder, 'origin'), 'good', [
      'DNS:api.openai.com',
      'DNS:tunnel.test',
      'DNS:denied.test',
    ]);
    await chmod(join(folder, 'origin/good.key'), 0o644); // of a throw-away origin, for the uid of its container
    await mkdir(join(folder, 'config'));
    cpSync(join(ROOT, 'config/rubrics'), join(folder, 'config/rubrics'), { recursive: true });
    cpSync(join(import.meta.dirname, 'config.test.yaml'), join(folder, 'config/judge-proxy.yaml'));
    cpSync(originCa.certFile, join(folder, 'config/origin-ca.crt'));
    await mkdir(join(folder, 'client-trust'));
    // As a user would have it who is neither root nor the containers' 1000, where this test may arrange that.
    if (process.getuid?.() === 0) await chown(join(folder, 'client-trust'), 12_345, 12_345);

    environment = await new DockerComposeEnvironment(ROOT, FILES)
      .withProjectName(PROJECT)
      .withBuild()
      .withEnvironment({ ...keptEnvironment(), TEST_FOLDER: folder, PROXY_PORT: '0', CONSOLE_PORT: '0' })
      .withDefaultWaitStrategy(Wait.forHealthCheck())
      .up()
      .catch(async (cause: unknown) => {
        throw new Error(`docker compose up failed. The containers said:\n${await logs()}`, { cause });
      });
    envoy = environment.getContainer('envoy-proxy-1');
    judge = environment.getContainer('llm-as-judge-proxy-1');
  }, 10 * MINUTES);

  afterAll(async () => {
    await compose('down', '--volumes', '--timeout', '1');
    await rm(folder, { recursive: true, force: true });
  }, 2 * MINUTES);

  async function compose(...args: string[]): Promise<string> {
    const files = FILES.flatMap((file) => ['-f', file]);
    const env = { ...process.env, TEST_FOLDER: folder, PROXY_PORT: '0', CONSOLE_PORT: '0' };
    return (await run('docker', ['compose', '-p', PROJECT, ...files, ...args], { cwd: ROOT, env })).stdout;
  }

  async function logs(): Promise<string> {
    return await compose('logs', '--no-color', '--tail', '20');
  }

  /** CONNECT through the published port; the socket on 200, else null. */
  async function connectTo(
    host: string,
  ): Promise<{ status: number; code: unknown; body: string; socket: Socket | null }> {
    const request = http.request({
      // Where the compose file publishes, not envoy.getHost(): within a container that is the bridge's gateway, if the
      // engine names one, and the port is on loopback alone.
      host: '127.0.0.1',
      port: envoy.getMappedPort(8080),
      method: 'CONNECT',
      path: `${host}:8443`,
    });
    request.end();
    const [response, socket, head] = (await once(request, 'connect')) as [http.IncomingMessage, Socket, Buffer];
    const status = response.statusCode ?? 0;
    if (status === 200) return { status, code: null, body: '', socket };
    let body = head.toString();
    for await (const chunk of socket) body += chunk;
    return { status, code: response.headers['x-judge-code'], body, socket: null };
  }

  /** One HTTPS request through a tunnel: its answer, and who signed the certificate that the client saw. */
  async function get(host: string, ca: string): Promise<{ status: number; body: string; issuer: string }> {
    const { socket } = await connectTo(host);
    if (socket === null) throw new Error('no tunnel');
    const secure = tls.connect({ socket, servername: host, ca });
    await once(secure, 'secureConnect');
    const issuer = String(secure.getPeerCertificate().issuer.CN);
    const body = JSON.stringify({ model: 'gpt-5-mini', messages: [{ role: 'user', content: 'Say hello.' }] });
    const request = http.request({
      createConnection: () => secure,
      host,
      method: 'POST',
      path: '/v1/chat/completions',
      headers: {
        host: `${host}:8443`,
        'content-type': 'application/json',
        authorization: 'Bearer sk-test',
        connection: 'close',
      },
    });
    request.end(body);
    const [response] = (await once(request, 'response')) as [http.IncomingMessage];
    let text = '';
    for await (const chunk of response) text += chunk;
    return { status: response.statusCode ?? 0, body: text, issuer };
  }

  const trusted = (name: string) => readFile(join(folder, 'client-trust', name), 'utf8');
  const interceptionCa = () => trusted('intercept-ca.crt');

  test('terminate: the exchange is read, delivered and judged', async () => {
    const { status, body, issuer } = await get('api.openai.com', await interceptionCa());
    expect(status).toBe(200);
    expect(JSON.parse(body)).toMatchObject({ object: 'chat.completion' });
    expect(issuer).not.toBe('test origin CA');
    const verdict = await lineOf(judge, (line) => line.includes('"event":"verdict"'));
    expect(JSON.parse(verdict)).toMatchObject({ route: 'judged', host: 'api.openai.com', action: 'allowed' });

    const listed = await judge.exec(['node', 'judge-proxy/cli.ts', 'review', 'list', '--json', '--ledger', LEDGER]);
    expect([listed.exitCode, listed.stderr]).toEqual([0, '']);
    expect(JSON.parse(listed.stdout)).toMatchObject({
      verdicts: [{ route: 'judged', latest_user_message: 'Say hello.' }],
    });
  });

  test("tunnel: the client sees the origin's own certificate", async () => {
    const { status, issuer } = await get('tunnel.test', originCa.cert);
    expect([status, issuer]).toEqual([200, 'test origin CA']);
  });

  test('deny: 403 with a code, and nothing is reached', async () => {
    const { status, code, body, socket } = await connectTo('denied.test');
    expect([status, code, socket]).toEqual([403, 'route_denied', null]);
    expect(JSON.parse(body)).toMatchObject({ error: { code: 'route_denied' } });
  });

  test('what clients have to trust lies on the host, readable, and belongs to the owner of the folder', async () => {
    const owner = (await stat(join(folder, 'client-trust'))).uid;
    expect((await readdir(join(folder, 'client-trust'))).toSorted()).toEqual(['intercept-ca.crt', 'trust-bundle.pem']);
    for (const name of ['intercept-ca.crt', 'trust-bundle.pem']) {
      const { uid, mode } = await stat(join(folder, 'client-trust', name));
      expect([name, uid, mode & 0o777]).toEqual([name, owner, 0o644]);
    }
    expect((await get('api.openai.com', await trusted('trust-bundle.pem'))).status).toBe(200);
  });

  test('the containers run as the file says', async () => {
    for (const container of [envoy, judge]) {
      const status = await container.exec(['cat', '/proc/1/status']);
      expect(status.stdout).toMatch(/^Uid:\s+1000\s+1000\s+1000\s+1000$/m);
      expect(status.stdout).toMatch(/^CapBnd:\s+0{16}$/m);
      expect(status.stdout).toMatch(/^NoNewPrivs:\s+1$/m);
      const touch = await container.exec(['touch', '/touched']);
      expect(touch.output).toContain('Read-only file system');
      const inspected = JSON.parse((await run('docker', ['inspect', container.getId()])).stdout)[0].HostConfig;
      expect(inspected.Memory).toBeGreaterThan(0);
      expect(inspected.PidsLimit).toBeGreaterThan(0);
    }
    const published = JSON.parse((await run('docker', ['inspect', judge.getId()])).stdout)[0].NetworkSettings.Ports;
    const [[port, console] = ['', []], ...others] = Object.entries(published).filter(([, ports]) => ports !== null);
    expect([port, others]).toEqual(['8889/tcp', []]);
    expect((console as { HostIp: string }[]).map(({ HostIp }) => HostIp)).toEqual(['127.0.0.1']);
    const ports = JSON.parse((await run('docker', ['inspect', envoy.getId()])).stdout)[0].NetworkSettings.Ports;
    expect(ports['8080/tcp'].map((port: { HostIp: string }) => port.HostIp)).toEqual(['127.0.0.1']);
  });

  test('neighbours reach the ports of the chain, not Envoy’s admin port, and no page of the console', async () => {
    const dial = async (from: StartedTestContainer, host: string, port: number) =>
      (await from.exec(['bash', '-c', `exec 3<>/dev/tcp/${host}/${port}`])).exitCode;
    expect(await dial(judge, 'envoy-proxy', 8080)).toBe(0);
    expect(await dial(envoy, 'llm-as-judge-proxy', 8888)).toBe(0);
    expect(await dial(judge, 'envoy-proxy', 9901)).not.toBe(0);
    const ask = (host: string) =>
      judge.exec([
        'node',
        '-e',
        `require('node:https').get({ host: '127.0.0.1', port: 8889, path: '/api/users', rejectUnauthorized: false, headers: { host: '${host}' } }, (r) => console.log(r.resume().statusCode))`,
      ]);
    expect((await ask('llm-as-judge-proxy')).output.trim()).toBe('403'); // not one of its names
    expect((await ask('localhost')).output.trim()).toBe('401');
  });

  test('each container has the keys that it needs, nobody else may read them, and the image has none', async () => {
    const keys = (container: StartedTestContainer) =>
      container.exec([
        'bash',
        '-c',
        "find / -xdev \\( -name '*.key' -o -name '.env' \\) 2>/dev/null; find /etc/envoy/certs /var/lib/judge-proxy -name '*.key' -printf '%f %m\\n' 2>/dev/null",
      ]);
    expect((await keys(envoy)).stdout.trim()).toBe('envoy-client.key 600');
    expect((await keys(judge)).stdout.trim().split('\n').toSorted()).toEqual([
      'intercept-ca.key 600',
      'ledger.db.checkpoints.key 600', // signs checkpoints of the ledger; made at the first start
      'server.key 600',
    ]);
  });

  test('renewed certificates are handed over and used without a restart', async () => {
    const serial = async () => (await envoy.exec(['cat', '/etc/envoy/certs/envoy-client.crt'])).stdout;
    const before = await serial();
    const renew =
      'node certs-tool/cli.ts renew --force --dir /var/lib/judge-proxy/authority && sh compose/certificates.sh';
    await compose('run', '--rm', '--no-deps', 'certs', 'sh', '-c', renew);
    expect(await serial()).not.toBe(before);
    expect((await get('api.openai.com', await interceptionCa())).status).toBe(200);
  });
});

/** The next log line that fits, from now on or before. */
async function lineOf(container: StartedTestContainer, fits: (line: string) => boolean): Promise<string> {
  for await (const line of createInterface({ input: await container.logs() })) {
    if (fits(line)) return line;
  }
  throw new Error('The log ended first');
}

/** Without what a developer's shell may hold: the suite judges by rules alone. */
function keptEnvironment(): Record<string, string> {
  const { PATH = '', HOME = '', DOCKER_HOST } = process.env;
  return { PATH, HOME, OPENAI_API_KEY: '', ...(DOCKER_HOST === undefined ? {} : { DOCKER_HOST }) };
}
