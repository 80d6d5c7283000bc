/**
 * The life of one Envoy process.
 *
 * - It is ready when launchEnvoy resolves, and gone when stop resolves, together with whatever watched over it.
 * - It does not outlive the process that launched it, however that one ended.
 * - What prevents a start is named.
 */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ensureCertificates } from '../certs-tool/ensure.ts';
import { type LaunchOptions, launchEnvoy } from './launch.ts';
import { echo, openTunnel, send } from './testing/client.ts';
import { Edge, serverFiles } from './testing/edge.ts';
import { StubJudge } from './testing/stub-judge.ts';

let folder: string;
let options: LaunchOptions;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'judge-launch-'));
  await ensureCertificates({ certDir: folder, terminatedHosts: [], now: new Date() });
  options = {
    listen: { host: '127.0.0.1', port: 0 },
    adminPort: 0,
    judge: { host: '127.0.0.1', port: 1 },
    certDir: folder,
    hop: 'h2',
    workDir: join(folder, 'work'),
    concurrency: 1,
  };
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Processes that mention the pid in their arguments: the watcher. */
function watchersOf(pid: number): string[] {
  const all = execFileSync('ps', ['-A', '-o', 'args='], { encoding: 'utf8' }).split('\n');
  return all.filter((args) => args.includes(`envoy-watcher ${pid}`));
}

describe('a start', () => {
  test('resolves when Envoy answers, and stop leaves no process', async () => {
    const envoy = await launchEnvoy(options);
    expect(envoy.version).toMatch(/^\d+\.\d+\.\d+$/);
    expect((await send(envoy.port, 'GET /healthz HTTP/1.1', `Host: localhost:${envoy.port}`)).status).toBe(200);
    expect(watchersOf(envoy.pid)).toHaveLength(1);
    await envoy.stop();
    expect(isAlive(envoy.pid)).toBe(false);
    expect(watchersOf(envoy.pid)).toEqual([]);
    expect(await envoy.exited).toMatchObject({ code: 0 });
    await envoy.stop();
  });

  test('without a judge proxy tells clients so, and finds it when it comes', async () => {
    const edge = await Edge.start('h2');
    const { port } = edge.judge;
    await edge.judge.close();
    const ask = () => send(edge.port, 'GET http://back.test/ HTTP/1.1', 'Host: back.test');
    const down = await ask();
    expect(down).toMatchObject({ status: 503, headers: { 'x-judge-edge': expect.stringMatching(/U[HFRX]/) } });
    await using judge = await StubJudge.start(await serverFiles(edge.folder), port);
    let answer = await ask();
    while (answer.status === 503) answer = await ask();
    expect(answer).toMatchObject({ status: 200, body: 'http://back.test/' });
    expect(judge.seen).toHaveLength(1);
    await edge.envoy.stop();
    await rm(edge.folder, { recursive: true, force: true });
  });

  test('takes the port that it is told, and names it when it is taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as { port: number };
    const error = { code: 'port_taken', message: expect.stringContaining(`127.0.0.1:${port}`) };
    await expect(launchEnvoy({ ...options, listen: { host: '127.0.0.1', port } })).rejects.toMatchObject(error);
    await expect(launchEnvoy({ ...options, adminPort: port })).rejects.toMatchObject(error);
    await new Promise((done) => taken.close(done));
    await using envoy = await launchEnvoy({ ...options, listen: { host: '127.0.0.1', port } });
    expect(envoy.port).toBe(port);
  });

  test('a second Envoy on the same port is refused, and does not share it', async () => {
    await using first = await launchEnvoy(options);
    const second = launchEnvoy({
      ...options,
      workDir: join(folder, 'second'),
      listen: { host: '127.0.0.1', port: first.port },
    });
    await expect(second).rejects.toMatchObject({ code: 'port_taken' });
    expect(isAlive(first.pid)).toBe(true);
  });

  test.each(['envoy-client.crt', 'envoy-client.key', 'ca.crt'])('without %s is refused', async (name) => {
    const empty = await mkdtemp(join(folder, 'certs-'));
    for (const other of ['envoy-client.crt', 'envoy-client.key', 'ca.crt']) {
      if (other !== name) await writeFile(join(empty, other), await readFile(join(folder, other)));
    }
    const error = { code: 'bad_config', message: expect.stringMatching(new RegExp(`${name}[\\s\\S]*npm run certs`)) };
    await expect(launchEnvoy({ ...options, certDir: empty })).rejects.toMatchObject(error);
  });

  test('with a configuration that Envoy refuses names the reason and leaves no process', async () => {
    const shipped = await readFile(join(import.meta.dirname, 'envoy.yaml'), 'utf8');
    const broken = await mkdtemp(join(folder, 'config-'));
    execFileSync('cp', ['-r', join(import.meta.dirname, 'sds'), broken]);
    await writeFile(join(broken, 'envoy.yaml'), shipped.replace('codec_type:', 'codec_kind:'));
    const error = { code: 'bad_config', message: expect.stringContaining('codec_kind') };
    await expect(launchEnvoy({ ...options, configPath: join(broken, 'envoy.yaml') })).rejects.toMatchObject(error);
    await writeFile(join(broken, 'envoy.yaml'), 'a: [');
    await expect(launchEnvoy({ ...options, configPath: join(broken, 'envoy.yaml') })).rejects.toMatchObject({
      code: 'bad_config',
    });
  });
});

describe('an end', () => {
  test('from outside is told', async () => {
    const envoy = await launchEnvoy(options);
    process.kill(envoy.pid, 'SIGKILL');
    expect(await envoy.exited).toMatchObject({ code: null, signal: 'SIGKILL' });
    expect(watchersOf(envoy.pid)).toEqual([]);
    await envoy.stop({ drainMs: 60_000 });
  });

  test('with time to drain refuses new connections and lets a tunnel end', async () => {
    await using edge = await Edge.start('h2');
    const { socket } = await openTunnel(edge.port, 'CONNECT drain.test:443 HTTP/1.1', 'Host: drain.test:443');
    const stopped = edge.envoy.stop({ drainMs: 60_000 });
    await refused(edge.port);
    await echo(socket, 'still open');
    socket.end();
    await stopped;
    expect(isAlive(edge.envoy.pid)).toBe(false);
  });

  test('cuts what is still open when the time is over', async () => {
    await using edge = await Edge.start('h2');
    const { socket } = await openTunnel(edge.port, 'CONNECT cut.test:443 HTTP/1.1', 'Host: cut.test:443');
    const closed = once(socket, 'close');
    socket.resume();
    await edge.envoy.stop({ drainMs: 50 });
    await closed;
  });

  test.each(['SIGKILL', 'SIGTERM'] as const)('comes with the end of the launching process by %s', async (signal) => {
    const child = spawn(
      process.execPath,
      [
        join(import.meta.dirname, 'cli.ts'),
        'run',
        '--listen',
        '127.0.0.1:0',
        '--admin-port',
        '0',
        '--certs',
        folder,
        '--work',
        join(folder, 'orphan'),
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    const port = await announcedPort(child);
    const witness = connect(port, '127.0.0.1');
    await once(witness, 'connect');
    witness.on('error', () => {}).resume();
    const gone = once(witness, 'close');
    child.kill(signal);
    await gone;
    await refused(port);
  });
});

/** Resolves when nobody listens on the port any more. */
async function refused(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    const outcome = await new Promise((done) => {
      socket.once('connect', () => done('connect')).once('error', () => done('error'));
    });
    socket.destroy();
    if (outcome === 'error') return;
  }
}

async function announcedPort(child: ChildProcess): Promise<number> {
  if (!child.stderr) throw new Error('no stderr');
  for await (const line of createInterface({ input: child.stderr })) {
    const port = /on 127\.0\.0\.1:(\d+)/.exec(line)?.[1];
    if (port !== undefined) return Number(port);
  }
  throw new Error('Envoy was not announced');
}
