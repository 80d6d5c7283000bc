/** What the tests of this folder share: a folder that goes away, programs that run, keys and authorities. */

import { spawn } from 'node:child_process';
import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { loadCa, type SigningCa } from '../authority.ts';
import { UNCONSTRAINED } from '../constraints.ts';
import { issueLeaf } from '../leaf.ts';
import { makeInterceptionCa } from '../make-ca.ts';

export const NOW = new Date('2026-11-21T12:00:00Z');
const DAY = 86_400_000;

export function later(days: number, from = NOW): Date {
  return new Date(from.getTime() + days * DAY);
}

/** A directory for one test; `await using` removes it. */
export class Folder implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async make(): Promise<Folder> {
    return new Folder(await mkdtemp(join(tmpdir(), 'certs-test-')));
  }

  file(name: string): string {
    return join(this.path, name);
  }

  async write(name: string, text: string): Promise<string> {
    await writeFile(this.file(name), text);
    return this.file(name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. Null when it is not installed. */
export function runProgram(
  program: string,
  args: readonly string[],
  options: { env?: Readonly<Record<string, string>>; cwd?: string } = {},
): Promise<Finished | null> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, ...options.env };
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env, cwd: options.cwd });
    const [stdout, stderr]: [string[], string[]] = [[], []];
    child.stdout.setEncoding('utf8').on('data', (text: string) => stdout.push(text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => stderr.push(text));
    child.once('error', (error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? resolve(null) : reject(error)));
    child.once('close', (code) => resolve({ code, stdout: stdout.join(''), stderr: stderr.join('') }));
  });
}

/** The openssl command: these tests need it, as the tests' origin certificates do. */
export async function openssl(...args: readonly string[]): Promise<Finished> {
  const finished = await runProgram('openssl', args);
  if (finished === null) throw new Error('these tests need the openssl command');
  return finished;
}

/** @throws Error with what openssl said, when it failed */
export async function opensslOk(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await openssl(...args);
  if (code !== 0) throw new Error(`openssl ${args[0]}: ${stderr}`);
  return stdout;
}

export function newKey(): { publicKey: KeyObject; privateKey: KeyObject; keyPem: string } {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { publicKey, privateKey, keyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }) };
}

export function interceptionCa(dns: readonly string[], now = NOW): SigningCa {
  const { certPem, keyPem } = makeInterceptionCa(dns, { now, random: randomBytes });
  return loadCa(certPem, keyPem);
}

/** A thief's view of a CA: its key, without our own check of what it may sign. */
export function withoutOurCheck(ca: SigningCa): SigningCa {
  return { ...ca, constraints: UNCONSTRAINED };
}

export interface TestLeaf {
  readonly certPem: string;
  readonly keyPem: string;
}

export function leafFor(ca: SigningCa, host: string, now = NOW): TestLeaf {
  const { publicKey, keyPem } = newKey();
  return { certPem: issueLeaf(ca, host, publicKey, { now, serial: randomBytes(16) }), keyPem };
}

export interface OpensslCaOptions {
  /** Value of subjectKeyIdentifier in openssl's config: `hash` (SHA-1 of the key), hex bytes, or `none`. */
  readonly keyId?: string;
  /** Lines for the extension section, e.g. `nameConstraints=…`. */
  readonly extensions?: readonly string[];
  readonly subject?: string;
  /** Arguments of `-newkey` and after. */
  readonly key?: readonly string[];
}

/** A CA that we did not make: the operator's own, by the openssl command. */
export async function opensslCa(folder: Folder, options: OpensslCaOptions = {}): Promise<TestLeaf> {
  const { keyId = 'hash', extensions = [], subject = '/CN=Operator CA' } = options;
  const lines = [
    '[req]',
    'distinguished_name=dn',
    'x509_extensions=ca',
    '[dn]',
    '[ca]',
    `subjectKeyIdentifier=${keyId}`,
    ...(extensions.length > 0 ? extensions : ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign']),
  ];
  const config = await folder.write('openssl.cnf', `${lines.join('\n')}\n`);
  const [cert, key] = [folder.file('openssl-ca.crt'), folder.file('openssl-ca.key')];
  const newkey = options.key ?? ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
  const output = ['-keyout', key, '-out', cert, '-days', '365', '-nodes', '-config', config];
  await opensslOk('req', '-x509', ...newkey, '-utf8', '-subj', subject, ...output);
  return { certPem: await readFile(cert, 'utf8'), keyPem: await readFile(key, 'utf8') };
}
