/**
 * Contract: each command does what the help says, ends with 0, 1 or 2, and prints one JSON value with --json. No output
 * holds a private key. What a person must know before a CA is replaced is said.
 */

import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { run } from './cli.ts';
import { Folder, later, NOW, runProgram } from './testing/tools.ts';

let folder: Folder;
beforeEach(async () => {
  folder = await Folder.make();
});
afterEach(() => folder[Symbol.asyncDispose]());

async function certs(line: string, now = NOW) {
  const [stdout, stderr]: [string[], string[]] = [[], []];
  const io = {
    stdout: { write: (text: string) => stdout.push(text) },
    stderr: { write: (text: string) => stderr.push(text) },
    env: {},
    now,
  };
  const args = line.replaceAll('DIR', folder.path).split(' ');
  const code = await run(args, io);
  const result = { code, stdout: stdout.join(''), stderr: stderr.join('') };
  expect(result.stdout + result.stderr).not.toMatch(/PRIVATE KEY/);
  return result;
}

const BASE = '--dir DIR --host api.a.test';
const contentOf = (name: string) => readFile(folder.file(name), 'utf8');

describe('init', () => {
  it('makes what is missing, says so, and then keeps it', async () => {
    const first = await certs(`init ${BASE}`);
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(first.stdout.match(/^made /gm)).toHaveLength(5);
    expect((await certs(`init ${BASE}`)).stdout.match(/^kept /gm)).toHaveLength(5);
  });

  it('--force replaces chain CA, server and client, never the interception CA', async () => {
    await certs(`init ${BASE}`);
    const names = ['ca.crt', 'server.crt', 'envoy-client.crt', 'intercept-ca.crt', 'intercept-ca.key'];
    const before = await Promise.all(names.map(contentOf));
    expect(await certs(`init --force ${BASE}`)).toMatchObject({ code: 0 });
    const after = await Promise.all(names.map(contentOf));
    expect(after.map((text, i) => text === before[i])).toEqual([false, false, false, true, true]);
    expect((await certs(`show ${BASE}`)).code).toBe(0);
  });

  it('takes more names for the server', async () => {
    await certs(`init ${BASE} --san judge.example --san 192.0.2.1`);
    expect((await certs(`show ${BASE}`)).stdout).toMatch(
      /names +llm-as-judge-proxy, localhost, 127.0.0.1, judge.example, 192.0.2.1/,
    );
  });
});

describe('server, client, renew', () => {
  it('issue what is due, and at once with --force', async () => {
    await certs(`init ${BASE}`);
    expect((await certs(`renew ${BASE}`)).stdout.match(/^kept /gm)).toHaveLength(3);
    expect((await certs(`renew ${BASE}`, later(61))).stdout.match(/^renewed /gm)).toHaveLength(2);
    const client = await contentOf('envoy-client.crt');
    expect((await certs(`server --force ${BASE}`)).stdout).toMatch(/^renewed server .*\(asked for\)$/m);
    expect(await contentOf('envoy-client.crt')).toBe(client);
    expect((await certs(`client --force ${BASE}`)).stdout).toMatch(/^renewed client /m);
  });

  it('mend a server certificate that is damaged, as the error says', async () => {
    await certs(`init ${BASE}`);
    await writeFile(folder.file('server.crt'), 'garbage');
    const stopped = await certs(`renew ${BASE}`);
    expect(stopped.code).toBe(1);
    const command = /npm run certs -- (.*)/.exec(stopped.stderr)?.[1] ?? '';
    expect(await certs(command)).toMatchObject({ code: 0 });
    expect((await certs(`show ${BASE}`)).code).toBe(0);
  });
});

describe('intercept-ca', () => {
  it('never replaces a CA without --force, and says what a new one means', async () => {
    await certs(`intercept-ca ${BASE}`);
    const before = await contentOf('intercept-ca.crt');
    expect((await certs(`intercept-ca ${BASE}`)).stdout).toMatch(/^kept +interception CA/m);
    const narrow = await certs('intercept-ca --dir DIR --host b.test');
    expect(narrow).toMatchObject({ code: 1, stdout: '' });
    expect(narrow.stderr).toMatch(
      /does not permit b\.test\.\nRun: npm run certs -- intercept-ca --force .*--host b\.test\nEvery client must/,
    );
    expect(await contentOf('intercept-ca.crt')).toBe(before);
  });

  it('--force, as the error says it, makes one that fits, with its bundle', async () => {
    await certs(`init ${BASE}`);
    const bundle = await contentOf('trust-bundle.pem');
    const { stderr } = await certs('init --dir DIR --host b.test');
    const command = /npm run certs -- (.*)/.exec(stderr)?.[1] ?? '';
    expect(await certs(command)).toMatchObject({ code: 0 });
    expect((await certs('init --dir DIR --host b.test')).code).toBe(0);
    expect(await contentOf('trust-bundle.pem')).not.toBe(bundle);
  });

  it('makes a CA without a list only under the option that is named for its danger', async () => {
    for (const line of ['intercept-ca --dir DIR --host *', 'intercept-ca --force --dir DIR --host *']) {
      const refused = await certs(line);
      expect(refused).toMatchObject({ code: 1, stdout: '' });
      expect(refused.stderr).toMatch(/--danger-any-host/);
    }
    expect(await readdir(folder.path)).toEqual([]);
    expect((await certs('intercept-ca --danger-any-host --dir DIR --host *')).code).toBe(0);
    expect((await certs('init --dir DIR --host *')).stdout).toMatch(
      /warning: .*whoever steals its key can be any host/,
    );
    expect((await certs('show --dir DIR --host *')).stdout).toMatch(/permits +every name; no IP address/);
  });

  it('wants hosts', async () => {
    const config = await folder.write('config.yaml', 'routes: [{name: all, hosts: ["*"], action: tunnel}]\n');
    const refused = await certs(`intercept-ca --dir DIR --config ${config}`);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringMatching(/no host is terminated.*\n.*--host/) });
  });
});

describe('bundle', () => {
  it('prints the variables, and needs no key', async () => {
    await certs(`init ${BASE}`);
    await rm(folder.file('intercept-ca.key'));
    const { code, stdout } = await certs(`bundle ${BASE}`);
    expect(code).toBe(0);
    for (const name of [
      'NODE_EXTRA_CA_CERTS',
      'SSL_CERT_FILE',
      'REQUESTS_CA_BUNDLE',
      'CURL_CA_BUNDLE',
      'GIT_SSL_CAINFO',
    ]) {
      expect(stdout).toMatch(new RegExp(`^export ${name}=${folder.path}/(trust-bundle|intercept-ca)\\.`, 'm'));
    }
    expect(stdout).toMatch(/^keytool -importcert/m);
  });

  it('says what to run when there is no CA', async () => {
    const { code, stderr } = await certs(`bundle ${BASE}`);
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/there is no interception CA\.\nRun: npm run certs -- intercept-ca --dir/),
    ]);
  });
});

describe('show', () => {
  it('ends with 1 when something is missing, expired or damaged, and with 0 when it is only due', async () => {
    expect(await certs(`show ${BASE}`)).toMatchObject({ code: 1, stdout: expect.stringMatching(/MISSING/) });
    await certs(`init ${BASE}`);
    const good = await certs(`show ${BASE}`);
    expect(good.code).toBe(0);
    expect(good.stdout).toMatch(/permits +api\.a\.test; no IP address/);
    expect(good.stdout).toMatch(/valid +2026-11-21 to 2027-02-19, 90 days left/);
    expect(await certs(`show ${BASE}`, later(61))).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/to be renewed/),
    });
    expect(await certs(`show ${BASE}`, later(91))).toMatchObject({ code: 1, stdout: expect.stringMatching(/EXPIRED/) });
    expect(await certs(`show ${BASE}`, later(-9))).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/NOT VALID YET/),
    });
    await writeFile(folder.file('ca.crt'), 'garbage');
    expect(await certs(`show ${BASE}`)).toMatchObject({ code: 1, stdout: expect.stringMatching(/ca\.crt: DAMAGED/) });
  });
});

describe('--json', () => {
  it('prints one value, for errors too', async () => {
    const made = JSON.parse((await certs(`init --json ${BASE}`)).stdout);
    expect(made.items.map((item: { name: string }) => item.name)).toEqual([
      'chain CA',
      'server',
      'client',
      'interception CA',
      'trust bundle',
    ]);
    const shown = JSON.parse((await certs(`show --json ${BASE}`)).stdout);
    expect(shown.certificates[3]).toMatchObject({
      name: 'interception CA',
      state: 'fresh',
      facts: { hosts: ['api.a.test'], daysLeft: 825 },
    });
    const bundle = JSON.parse((await certs(`bundle --json ${BASE}`)).stdout);
    expect(bundle.trust.map((one: { client: string }) => one.client)).toEqual([
      'Node',
      'Python',
      'curl',
      'Go',
      'Java',
      'git',
    ]);
    const refused = await certs('init --json --dir DIR --host b.test');
    expect(refused).toMatchObject({ code: 1, stderr: '' });
    expect(JSON.parse(refused.stdout).error).toMatchObject({
      code: 'ca_too_narrow',
      remedy: expect.stringMatching(/^Run: npm run/),
    });
  });
});

describe('the config', () => {
  const CONFIG = `
listen: { proxy: { cert: DIR/hop/s.crt, key: DIR/hop/s.key, client_ca: DIR/hop/c.pem } }
interception: { ca_cert: DIR/mitm/i.crt, ca_key: DIR/mitm/i.key }
routes:
  - { name: llm, hosts: [api.a.test, "*.b.test"], action: terminate }
  - { name: no, hosts: [c.test], action: deny }
`;

  it('names paths and terminated hosts, and its commands mend what it names', async () => {
    const file = await folder.write('config.yaml', CONFIG.replaceAll('DIR', folder.path));
    expect(await certs(`init --config ${file}`)).toMatchObject({ code: 0, stderr: '' });
    expect((await readdir(folder.file('hop'))).sort()).toEqual([
      'c.key',
      'c.pem',
      'envoy-client.crt',
      'envoy-client.key',
      's.crt',
      's.key',
    ]);
    expect((await readdir(folder.file('mitm'))).sort()).toEqual(['i.crt', 'i.key', 'trust-bundle.pem']);
    expect((await certs(`show --config ${file}`)).stdout).toMatch(/permits +api\.a\.test, b\.test; no IP address/);
    await writeFile(folder.file('mitm/i.crt'), 'garbage');
    const { stderr } = await certs(`init --config ${file}`);
    expect(stderr).toContain(`npm run certs -- intercept-ca --force --config ${file}\n`);
  });

  it('with faults is told as everywhere', async () => {
    const file = await folder.write('config.yaml', 'routs: []\n');
    expect(await certs(`init --config ${file}`)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/config\.yaml:1:1: routs/),
    });
    expect((await certs('init --config /none.yaml')).code).toBe(1);
  });
});

describe('arguments', () => {
  it.each(['', 'frobnicate', 'init now', 'init --frob', 'init --dir', 'constructor'])(
    '%j ends with 2 and the way to the help',
    async (line) => {
      expect(await certs(line)).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(/--help/) });
    },
  );

  it.each(['--help', 'init --help', '-h'])('%s prints the help', async (line) => {
    const { code, stdout } = await certs(line);
    expect(code).toBe(0);
    for (const word of ['init', 'server', 'client', 'intercept-ca', 'bundle', 'show', 'renew', '--danger-any-host']) {
      expect(stdout).toContain(word);
    }
  });
});

it('runs as a program', async () => {
  const script = resolve(import.meta.dirname, 'cli.ts');
  const args = [script, 'init', '--dir', folder.path, '--host', 'api.a.test', '--json'];
  const finished = await runProgram(process.execPath, args);
  expect(finished).toMatchObject({ code: 0, stderr: '' });
  expect((await runProgram(process.execPath, [script, 'nonsense']))?.code).toBe(2);
});
