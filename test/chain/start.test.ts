/**
 * Contract: `npm start` in an empty folder makes what is missing, brings everything up, and shows how to use it; Ctrl-C
 * ends all of it; a start that cannot work says why and what to do, and leaves nothing running.
 */

import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { printedPassword } from '../support/admin-session.ts';
import { ROOT } from '../support/chain.ts';
import { connectThrough, run } from '../support/clients.ts';
import { LoggedProcess } from '../support/process.ts';

const CLI = join(ROOT, 'judge-proxy/cli.ts');
let folder: string;
/** For `serve`, which makes no certificates. */
const PREPARED = { JUDGE_PROXY_CERTS: 'prepared' };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'judge-start-'));
  await symlink(join(ROOT, 'config'), join(folder, 'config'));
  await run(process.execPath, [
    join(ROOT, 'certs-tool/cli.ts'),
    'init',
    '--dir',
    join(folder, 'prepared'),
    '--host',
    'api.openai.com',
  ]);
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function configWith(overrides: (text: string) => string): Promise<string> {
  const file = join(folder, `config-${Math.random().toString(36).slice(2)}.yaml`);
  const text = await readFile(join(ROOT, 'config/judge-proxy.yaml'), 'utf8');
  await writeFile(file, overrides(text));
  return file;
}

const ADMIN_TLS = /tls: \{ cert: .*JUDGE_ADMIN_CERT.*/;
const adminHost = (text: string, host: string) => text.replace(/host: .*JUDGE_ADMIN_HOST.*/, `host: ${host}`);
const freePorts = (text: string) => text.replace(/port: .*8888.*/, 'port: 0').replace(/port: .*8889.*/, 'port: 0');

describe('npm start', () => {
  it.each([
    ['with Envoy', []],
    ['without Envoy', ['--no-envoy']],
  ])('%s: certificates, banner, a working proxy, and a clean end', async (_name, extra) => {
    const config = await configWith(freePorts);
    const isFirst = !existsSync(join(folder, 'data/ledger.db'));
    const child = new LoggedProcess(
      [CLI, 'start', '--port', '0', '--admin-port', '0', '--config', config, ...extra],
      {},
      folder,
    );
    await child.event('ready');
    await child.said(isFirst ? /shown this once/ : /Ctrl-C/);
    const banner = child.text.join('\n');
    const url = /Proxy\s+http:\/\/127\.0\.0\.1:(\d+)/.exec(banner);
    expect(banner).toContain('NODE_EXTRA_CA_CERTS');
    expect(banner).toMatch(/Console +http:\/\/127\.0\.0\.1:\d+\n/);
    if (isFirst) expect(printedPassword(child.text)).toHaveLength(23);
    else expect(banner).not.toContain('First start');
    const answer = await connectThrough(Number(url?.[1]), '169.254.169.254:443');
    expect(answer.status).toBe(403);
    answer.socket.destroy();
    expect((await stat(join(folder, 'certs/intercept-ca.key'))).mode & 0o777).toBe(0o600);
    child.kill('SIGINT');
    expect(await child.exited).toMatchObject({ code: 0 });
    const left = await run('pgrep', ['-f', `${folder}/data/envoy`]);
    expect(left.stdout).toBe('');
  });

  it('names the option when a port is taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as { port: number };
    const config = await configWith((text) => freePorts(text).replace(/port: 0/, `port: ${port}`));
    const ran = await run(process.execPath, [CLI, 'serve', '--config', config], PREPARED, folder);
    taken.close();
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain(`${port} is in use`);
    expect(ran.stderr).toContain('listen.proxy');
  });

  it.each([
    ['the port of the console', (port: number) => ({ console: port, extra: ['--no-envoy', '--port', '0'] })],
    ["Envoy's admin port", (port: number) => ({ console: 0, extra: ['--port', '0', '--admin-port', String(port)] })],
  ])('%s is taken at the first start: the first password is not lost', async (_name, placed) => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as { port: number };
    const { console, extra } = placed(port);
    const ledger = { JUDGE_PROXY_LEDGER: `sqlite:${await mkdtemp(join(folder, 'first-'))}/ledger.db`, ...PREPARED };
    const config = await configWith((text) =>
      text.replace(/port: .*8888.*/, 'port: 0').replace(/port: .*8889.*/, `port: ${console}`),
    );
    const failed = await run(process.execPath, [CLI, 'start', '--config', config, ...extra], ledger, folder);
    taken.close();
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain(String(port));

    const next = await configWith(freePorts);
    const child = new LoggedProcess(
      [CLI, 'start', '--config', next, '--no-envoy', '--port', '0'],
      { ...ledger },
      folder,
    );
    await child.said(/Ctrl-C|shown this once/);
    child.kill('SIGINT');
    await child.exited;
    const shown = [...failed.stdout.split('\n'), ...child.text].filter((line) => /shown this once/.test(line));
    expect(shown).toHaveLength(1);
  });

  it.each([
    ['a config that is not there', async () => join(folder, 'absent.yaml'), /absent\.yaml/],
    ['an unknown key', () => configWith((text) => `${text}\nrouts: []\n`), /routs.*routes/s],
    [
      'a wildcard bind without authentication',
      () => configWith((text) => `${text.replace(/^listen:/m, 'listen:\n  plain: { host: 0.0.0.0, port: 0 }')}`),
      /listen\.plain\.host/,
    ],
    [
      'a console on every address without TLS',
      () => configWith((text) => adminHost(text, '0.0.0.0')),
      /listen\.admin\.host.*listen\.admin\.tls is not set.*listen\.admin\.behind_trusted_proxy/s,
    ],
    [
      'a trusted proxy before the console, whose address nobody knows',
      () => configWith((text) => adminHost(text, '0.0.0.0\n    behind_trusted_proxy: true')),
      /listen\.admin\.public_origin is not set/,
    ],
    [
      'open metrics on every address',
      () =>
        configWith((text) =>
          adminHost(text, '0.0.0.0\n    open_metrics: true').replace(ADMIN_TLS, 'tls: { cert: a, key: b }'),
        ),
      /listen\.admin\.open_metrics/,
    ],
    [
      'a certificate of the console that is not there',
      () => configWith((text) => freePorts(text).replace(ADMIN_TLS, 'tls: { cert: absent-console.crt, key: k }')),
      /absent-console\.crt cannot be read \(ENOENT\).*listen\.admin\.tls/,
    ],
    [
      'a rubric that is not there',
      () => configWith((text) => text.replace(/rubric: .*/, 'rubric: absent-rubric.yaml')),
      /absent-rubric\.yaml/,
    ],
    [
      "an origin's CA file that is not there",
      () => configWith((text) => `${text}\nupstream: { ca_files: [absent-ca.pem] }\n`),
      /absent-ca\.pem cannot be read \(ENOENT\).*`ca_files`/,
    ],
    [
      'a CA file without a certificate',
      () => configWith((text) => `${text}\nupstream: { ca_files: [config/judge-proxy.yaml] }\n`),
      /config\/judge-proxy\.yaml holds no certificate.*`ca_files`/,
    ],
    [
      "a judge model's CA file that is not there",
      () =>
        configWith((text) =>
          text.replace(/api_key: .*/, 'api_key: test-judge-key\n      ca_files: [absent-judge-ca.pem]'),
        ),
      /absent-judge-ca\.pem cannot be read \(ENOENT\).*`ca_files`/,
    ],
    [
      'a server certificate that is not there',
      () => configWith((text) => freePorts(text).replace(/cert: .*server\.crt"/, 'cert: absent.crt')),
      /absent\.crt cannot be read \(ENOENT\).*npm run certs -- init/,
    ],
    [
      'a server key of another certificate',
      () => configWith((text) => freePorts(text).replace(/key: .*server\.key"/, 'key: prepared/envoy-client.key')),
      /prepared\/envoy-client\.key is not the key of prepared\/server\.crt.*npm run certs -- server/,
    ],
  ])('%s stops the start with its name', async (_name, config, expected) => {
    const ran = await run(process.execPath, [CLI, 'serve', '--config', await config()], PREPARED, folder);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(expected);
    expect(ran.stderr).not.toMatch(/\n\s+at .*\.ts:/);
  });

  it('a host outside the interception CA is refused with the command that mends it', async () => {
    const certs = join(folder, 'narrow');
    await run(process.execPath, [join(ROOT, 'certs-tool/cli.ts'), 'init', '--dir', certs, '--host', 'api.openai.com']);
    const config = await configWith((text) =>
      freePorts(text).replace(/hosts: \[api\.openai\.com\]/, 'hosts: [api.openai.com, api.anthropic.com]'),
    );
    for (const command of ['serve', 'start']) {
      const extra = command === 'start' ? ['--no-envoy', '--port', '0'] : [];
      const ran = await run(
        process.execPath,
        [CLI, command, '--config', config, ...extra],
        { JUDGE_PROXY_CERTS: certs },
        folder,
      );
      expect(ran.code, ran.stdout).toBe(1);
      expect(ran.stderr).toContain('api.anthropic.com');
      expect(ran.stderr).toContain('npm run certs -- intercept-ca');
    }
  });
});
