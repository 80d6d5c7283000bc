/**
 * Certificates of the hop Envoy → judge proxy for tests, good and bad ones, made by the openssl command: not by our own
 * certs-tool, so that a fault there cannot hide itself.
 */

import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface KeyPair {
  readonly certFile: string;
  readonly keyFile: string;
  readonly cert: string;
  readonly key: string;
}

export interface ChainCertificates {
  readonly folder: string;
  readonly ca: KeyPair;
  readonly server: KeyPair;
  /** What Envoy holds. */
  readonly client: KeyPair;
  /** Same CA and purpose, another name. */
  readonly otherName: KeyPair;
  /** Same CA and name, for servers only. */
  readonly serverOnly: KeyPair;
  /** Same CA and name, not valid any more. */
  readonly expired: KeyPair;
  /** Same CA and name; listed in `crl`. */
  readonly revoked: KeyPair;
  /** Right name and purpose, a CA that nobody here trusts. */
  readonly foreign: KeyPair;
  /** PEM of the revocation list that names `revoked`. */
  readonly crl: string;
}

const CLIENT = ['subjectAltName=DNS:envoy-proxy', 'extendedKeyUsage=clientAuth'];

export async function makeChainCertificates(folder: string): Promise<ChainCertificates> {
  await mkdir(folder, { recursive: true });
  const ca = await makeCa(folder, 'ca');
  const other = await makeCa(folder, 'other-ca');
  await writeFile(join(folder, 'index.txt'), '');
  const [server, client, otherName, serverOnly, foreign] = await Promise.all([
    makeServer(folder, ca, 'server'),
    leaf(folder, ca, 'client', CLIENT),
    leaf(folder, ca, 'other-name', ['subjectAltName=DNS:somebody-else', 'extendedKeyUsage=clientAuth']),
    leaf(folder, ca, 'server-only', ['subjectAltName=DNS:envoy-proxy', 'extendedKeyUsage=serverAuth']),
    leaf(folder, other, 'foreign', CLIENT),
  ]);
  const expired = await database(folder, ca, 'expired', [
    '-startdate',
    '20200101000000Z',
    '-enddate',
    '20200201000000Z',
  ]);
  const revoked = await database(folder, ca, 'revoked', ['-days', '7']);
  await openssl(['ca', ...databaseOptions(folder, ca), '-revoke', revoked.certFile]);
  const crlFile = join(folder, 'crl.pem');
  await openssl(['ca', ...databaseOptions(folder, ca), '-gencrl', '-crldays', '7', '-out', crlFile]);
  const crl = await readFile(crlFile, 'utf8');
  return { folder, ca, server, client, otherName, serverOnly, expired, revoked, foreign, crl };
}

/** A server certificate of the CA, to be put in the place of another one. */
export async function makeServer(folder: string, ca: KeyPair, name: string): Promise<KeyPair> {
  return await leaf(folder, ca, name, ['subjectAltName=DNS:localhost,IP:127.0.0.1', 'extendedKeyUsage=serverAuth']);
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

async function makeCa(folder: string, name: string): Promise<KeyPair> {
  const at = paths(folder, name);
  await openssl([
    'req',
    '-x509',
    ...NEW_KEY,
    ...['-days', '30', '-subj', `/CN=${name}`, '-addext', 'basicConstraints=critical,CA:TRUE'],
    ...['-addext', 'keyUsage=critical,keyCertSign,cRLSign', '-keyout', at.keyFile, '-out', at.certFile],
  ]);
  return await read(at);
}

async function leaf(folder: string, ca: KeyPair, name: string, extensions: readonly string[]): Promise<KeyPair> {
  const at = await request(folder, name, extensions);
  await openssl([
    ...['x509', '-req', '-in', at.requestFile, '-CA', ca.certFile, '-CAkey', ca.keyFile, '-days', '7'],
    ...['-set_serial', `0x${Buffer.from(name).toString('hex')}`, '-extfile', at.extensionsFile, '-out', at.certFile],
  ]);
  return await read(at);
}

/** Issued through `openssl ca`, which knows dates in the past and keeps the list that a CRL is made from. */
async function database(folder: string, ca: KeyPair, name: string, validity: readonly string[]): Promise<KeyPair> {
  const at = await request(folder, name, CLIENT);
  await openssl([
    ...['ca', ...databaseOptions(folder, ca), '-in', at.requestFile, '-extfile', at.extensionsFile],
    ...['-out', at.certFile, '-notext', ...validity],
  ]);
  return await read(at);
}

function databaseOptions(folder: string, ca: KeyPair): string[] {
  return ['-batch', '-config', join(folder, 'ca.cnf'), '-cert', ca.certFile, '-keyfile', ca.keyFile];
}

async function request(folder: string, name: string, extensions: readonly string[]) {
  const at = {
    ...paths(folder, name),
    requestFile: join(folder, `${name}.csr`),
    extensionsFile: join(folder, `${name}.ext`),
  };
  const config = `[ca]\ndefault_ca=d\n[d]\ndatabase=${join(folder, 'index.txt')}\nnew_certs_dir=${folder}\ndefault_md=sha256\npolicy=p\nunique_subject=no\nrand_serial=yes\n[p]\ncommonName=supplied\n`;
  await writeFile(join(folder, 'ca.cnf'), config);
  await writeFile(at.extensionsFile, `${extensions.join('\n')}\nbasicConstraints=critical,CA:FALSE\n`);
  await openssl(['req', '-new', ...NEW_KEY, '-subj', `/CN=${name}`, '-keyout', at.keyFile, '-out', at.requestFile]);
  return at;
}

function paths(folder: string, name: string): { certFile: string; keyFile: string } {
  return { certFile: join(folder, `${name}.crt`), keyFile: join(folder, `${name}.key`) };
}

async function read(at: { certFile: string; keyFile: string }): Promise<KeyPair> {
  return { ...at, cert: await readFile(at.certFile, 'utf8'), key: await readFile(at.keyFile, 'utf8') };
}

async function openssl(args: readonly string[]): Promise<void> {
  await run('openssl', args);
}
