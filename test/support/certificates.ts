/**
 * Certificates of origins in tests, made by the openssl command: not by our own certs-tool, so that a fault there cannot
 * hide itself.
 */

import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface TestCertificate {
  readonly cert: string;
  readonly key: string;
  readonly certFile: string;
  readonly keyFile: string;
}

/** A root CA of its own for origins. */
export async function makeOriginCa(folder: string): Promise<TestCertificate> {
  await mkdir(folder, { recursive: true });
  const at = paths(folder, 'origin-ca');
  await openssl([
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '30',
    '-subj',
    '/CN=test origin CA',
    '-addext',
    'basicConstraints=critical,CA:TRUE',
    '-addext',
    'keyUsage=critical,keyCertSign,cRLSign',
    '-keyout',
    at.keyFile,
    '-out',
    at.certFile,
  ]);
  return await read(at);
}

/** A server certificate of that CA. `names` are subjectAltName entries (`DNS:x`, `IP:127.0.0.1`); `days` may be negative. */
export async function makeOriginCertificate(
  ca: TestCertificate,
  folder: string,
  name: string,
  names: readonly string[],
  days = 7,
): Promise<TestCertificate> {
  await mkdir(folder, { recursive: true });
  const at = paths(folder, name);
  const request = join(folder, `${name}.csr`);
  const extensions = join(folder, `${name}.ext`);
  await writeFile(
    extensions,
    `subjectAltName=${names.join(',')}\nbasicConstraints=critical,CA:FALSE\nextendedKeyUsage=serverAuth\n`,
  );
  await openssl([
    'req',
    '-new',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-subj',
    '/CN=origin',
    '-keyout',
    at.keyFile,
    '-out',
    request,
  ]);
  const validity =
    days > 0 ? ['-days', String(days)] : ['-not_before', '20200101000000Z', '-not_after', '20200201000000Z'];
  if (days > 0) {
    await openssl([
      'x509',
      '-req',
      '-in',
      request,
      '-CA',
      ca.certFile,
      '-CAkey',
      ca.keyFile,
      '-CAcreateserial',
      '-extfile',
      extensions,
      ...validity,
      '-out',
      at.certFile,
    ]);
  } else {
    await expired(ca, folder, request, extensions, at.certFile);
  }
  return await read(at);
}

/** `openssl x509` of OpenSSL 3.0 knows no dates in the past; `openssl ca` does. */
async function expired(
  ca: TestCertificate,
  folder: string,
  request: string,
  extensions: string,
  out: string,
): Promise<void> {
  const database = join(folder, 'ca-index.txt');
  const config = join(folder, 'ca.cnf');
  await writeFile(database, '');
  await writeFile(join(folder, 'ca-serial'), '1000\n');
  await writeFile(
    config,
    `[ca]\ndefault_ca=d\n[d]\ndatabase=${database}\nserial=${join(folder, 'ca-serial')}\nnew_certs_dir=${folder}\ndefault_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n`,
  );
  await openssl([
    'ca',
    '-batch',
    '-config',
    config,
    '-in',
    request,
    '-cert',
    ca.certFile,
    '-keyfile',
    ca.keyFile,
    '-extfile',
    extensions,
    '-startdate',
    '20200101000000Z',
    '-enddate',
    '20200201000000Z',
    '-notext',
    '-out',
    out,
  ]);
}

function paths(folder: string, name: string) {
  return { certFile: join(folder, `${name}.crt`), keyFile: join(folder, `${name}.key`) };
}

async function read(at: { certFile: string; keyFile: string }): Promise<TestCertificate> {
  return { ...at, cert: await readFile(at.certFile, 'utf8'), key: await readFile(at.keyFile, 'utf8') };
}

async function openssl(args: readonly string[]): Promise<void> {
  await run('openssl', [...args]);
}
