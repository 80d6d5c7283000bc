/**
 * Contract: a start whose ledger cannot be there ends with one line that names the file, what is wrong and what helps;
 * exit code 1; nothing is left beside the path. In processes of their own: what never ends would end no test either.
 */

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { stringify } from 'yaml';

/** Far above what a start takes on a busy machine, and below the test's own end. */
const HANGS_MS = 100_000;
const PATIENT = { timeout: 120_000 };

/** Starts with one configuration after the other, and prints exit codes and complaints. */
const STARTS = `
  import { Writable } from 'node:stream';
  import { serve } from ${JSON.stringify(join(import.meta.dirname, 'serve.ts'))};
  const outcomes = [];
  for (const config of process.argv.slice(2)) {
    let stderr = '';
    const stream = new Writable({ write(chunk, _encoding, done) { stderr += chunk; done(); } });
    const io = { stdout: stream, stderr: stream, env: {}, signal: new AbortController().signal };
    outcomes.push([await serve(['--no-build', '--config', config], io), stderr]);
  }
  console.log(JSON.stringify(outcomes));`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ledger-path-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function configOf(name: string, ledger: object): string {
  const file = join(folder, `${name}.yaml`);
  const listen = { proxy: { port: 0 }, admin: { port: 0 } };
  writeFileSync(file, stringify({ listen, routes: [{ name: 'rest', hosts: ['*'], action: 'tunnel' }], ledger }));
  return file;
}

/** @param within a command that runs the rest of its arguments */
function starts(ledgers: readonly object[], within: readonly string[] = []): [code: number, complaint: string][] {
  const script = join(folder, 'starts.mjs');
  writeFileSync(script, STARTS);
  const configs = ledgers.map((ledger, index) => configOf(`config-${index}`, ledger));
  const [command = '', ...args] = [...within, process.execPath, script, ...configs];
  const options = { cwd: folder, encoding: 'utf8', timeout: HANGS_MS, killSignal: 'SIGKILL' } as const;
  const { status, stdout, stderr } = spawnSync(command, args, options);
  expect([status, stderr]).toEqual([0, '']);
  return JSON.parse(stdout);
}

const at = (path: string) => ({ url: `sqlite:${path}` });
const refused = (path: string, words: string) => [1, expect.stringMatching(`^The ledger ${path} ${words}[^\n]*\n$`)];
const NO_FOLDER = 'has no folder, and none can be made\\. Give a ledger\\.url in a folder that can be written';
const NO_FILE = 'is not a file\\. Give a ledger\\.url that names one';

it.runIf(process.platform === 'linux')('paths of the system', PATIENT, () => {
  const tooLong = `/tmp/${'n'.repeat(5_000)}/ledger.db`;
  const paths = [
    '/proc/none/ledger.db',
    '/proc/sys/ledger.db',
    '/sys/none/ledger.db',
    '/dev/null/ledger.db',
    '/dev/null',
  ];
  expect(starts([...paths, tooLong].map(at))).toEqual([
    refused('/proc/none/ledger.db', NO_FOLDER),
    refused('/proc/sys/ledger.db', NO_FOLDER),
    refused('/sys/none/ledger.db', 'cannot be written: the file or its directory is read-only\\. Make both writable'),
    refused('/dev/null/ledger.db', NO_FOLDER),
    refused('/dev/null', NO_FILE),
    refused(tooLong, 'has a path that is too long for the system\\. Give a shorter ledger\\.url'),
  ]);
  expect(readdirSync('/dev').filter((name) => name.startsWith('null'))).toEqual(['null']);
});

it('a folder, a path below a file, and one below a link to a disk that is not there', PATIENT, () => {
  const [inFile, onDisk] = [join(folder, 'file', 'ledger.db'), join(folder, 'data', 'ledger.db')];
  writeFileSync(join(folder, 'file'), '');
  symlinkSync(join(folder, 'disk'), join(folder, 'data'));
  expect(starts([folder, inFile, onDisk].map(at))).toEqual([
    refused(folder, NO_FILE),
    refused(inFile, NO_FOLDER),
    refused(onDisk, `${NO_FOLDER}.*a disk that is not mounted`),
  ]);
});

it.runIf(process.platform === 'linux')('pipes, and checkpoints where none can be', PATIENT, () => {
  const pipe = join(folder, 'pipe');
  expect(spawnSync('sh', ['-c', 'mkfifo "$1"', 'sh', pipe]).status).toBe(0);
  const good = at(join(folder, 'ledger.db'));
  const below = '/proc/none/checkpoints.jsonl';
  const checkpoints = [{ file: below }, { file: pipe }].map((places) => ({ ...good, checkpoints: places }));
  expect(starts([at(pipe), ...checkpoints])).toEqual([
    refused(pipe, NO_FILE),
    [1, `${below} cannot be written. Make its directory writable for the user of the proxy, or give another path.\n`],
    [1, expect.stringMatching(`^${pipe} is not a file\\. [^\n]+\n$`)],
  ]);
});

it.runIf(canMount())('a disk that is read-only, and one that is full', PATIENT, () => {
  const disk = join(folder, 'disk');
  const path = join(disk, 'ledger.db');
  mkdirSync(disk);
  const onDisk = (options: string) => {
    const script = `mount -t tmpfs -o ${options} judge-proxy-test "$1" && shift && exec "$@"`;
    return starts([at(path)], ['unshare', '-r', '-m', 'sh', '-c', script, 'sh', disk]);
  };
  expect(onDisk('size=1m,ro')).toEqual([refused(path, '.*is read-only\\. Make both writable')]);
  expect(onDisk('size=16k')).toEqual([refused(path, 'cannot grow: the disk is full\\. Free disk space')]);
});

/** Whether this system lets us mount a small disk in a namespace of our own. */
function canMount(): boolean {
  return spawnSync('unshare', ['-r', '-m', 'mount', '-t', 'tmpfs', 'judge-proxy-test', tmpdir()]).status === 0;
}
