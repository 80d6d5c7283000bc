/**
 * Certificates are taken up without a restart: by rename, by overwriting, one file after the other. What cannot be used
 * changes nothing and is reported once.
 */

import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { copyFile, mkdir, readFile, rename, symlink, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type CertificateFiles, readCertificates } from './certificates.ts';
import { type ChainCertificates, type KeyPair, makeServer } from './chain-certificates.fixture.ts';
import { plainWire } from './clients.fixture.ts';
import { startDoor, startEcho, stopDoor, type TestDoor, withCertificates } from './door.fixture.ts';

let certificates: ChainCertificates;
let remove: () => Promise<void>;
let second: KeyPair;

beforeAll(async () => {
  ({ certificates, remove } = await withCertificates());
  second = await makeServer(certificates.folder, certificates.ca, 'second');
});

afterAll(async () => {
  await remove();
});

describe('reading', () => {
  const cases: [what: string, change: (files: CertificateFiles) => Partial<CertificateFiles>, message: RegExp][] = [
    [
      'a missing file',
      () => ({ key: '/nowhere/server.key' }),
      /^\/nowhere\/server\.key cannot be read \(ENOENT\)\. .*npm run certs -- init/,
    ],
    [
      'a key of another certificate',
      () => ({ key: second.keyFile }),
      /second\.key is not the key of .*server\.crt\. .*npm run certs -- server --force$/,
    ],
    ['a certificate that is none', (files) => ({ cert: files.key }), /server\.key cannot be used\. .*npm run certs/],
    ['a key that is none', (files) => ({ key: files.cert }), /server\.crt cannot be used\. .*npm run certs/],
    [
      'a CA file without a certificate',
      (files) => ({ client_ca: files.key }),
      /server\.key holds no certificate\. .*npm run certs/,
    ],
  ];

  it.each(cases)('names %s, and what mends it', async (_what, change, message) => {
    const files = {
      cert: certificates.server.certFile,
      key: certificates.server.keyFile,
      client_ca: certificates.ca.certFile,
    };
    await expect(readCertificates({ ...files, ...change(files) })).rejects.toThrow(message);
    await expect(readCertificates(files)).resolves.toMatchObject({ minVersion: 'TLSv1.3' });
  });
});

describe('a change', () => {
  let door: TestDoor;
  let folder: string;
  let live: { cert: string; key: string };
  let count = 0;

  beforeEach(async () => {
    count += 1;
    folder = join(certificates.folder, `live-${count}`);
    await mkdir(folder);
    live = { cert: join(folder, 'server.crt'), key: join(folder, 'server.key') };
    await copyFile(certificates.server.certFile, live.cert);
    await copyFile(certificates.server.keyFile, live.key);
    const server = { ...certificates.server, certFile: live.cert, keyFile: live.key };
    door = await startDoor({ ...certificates, server }, { ports: [] });
  });

  afterEach(async () => {
    await stopDoor(door);
  });

  async function served(): Promise<string | undefined> {
    const { cert, key } = certificates.client;
    const socket = connectTls({
      port: door.proxy.port,
      host: '127.0.0.1',
      servername: 'localhost',
      ca: certificates.ca.cert,
      cert,
      key,
    });
    await once(socket, 'secureConnect');
    const fingerprint = socket.getPeerX509Certificate()?.fingerprint256;
    socket.destroy();
    return fingerprint;
  }

  const print = (pair: KeyPair) => new X509Certificate(pair.cert).fingerprint256;

  async function put(from: string, to: string): Promise<void> {
    await copyFile(from, `${to}.new`);
    await rename(`${to}.new`, to);
  }

  it('by rename is served to the next connection, and open ones stay', async () => {
    const echo = await startEcho();
    expect(await served()).toBe(print(certificates.server));
    const open = await plainWire(door);
    await put(second.certFile, live.cert);
    await put(second.keyFile, live.key);
    const line = await door.log.line('certificates_changed');
    expect(line.expires).toMatch(/^\d{4}-\d\d-\d\dT/);
    expect(await served()).toBe(print(second));
    open.socket.write('GET http://judged.test/ HTTP/1.1\r\nHost: x\r\n\r\n');
    await open.until((received) => received.endsWith('}'));
    open.socket.destroy();
    echo.server.close();
  });

  it('by overwriting in place is seen as well', async () => {
    await writeFile(live.cert, second.cert);
    await writeFile(live.key, second.key);
    await door.log.line('certificates_changed');
    expect(await served()).toBe(print(second));
  });

  it('of one file only, or to rubbish, keeps the old ones and says so', async () => {
    await put(second.certFile, live.cert);
    const line = await door.log.line('certificates_unusable');
    expect(line).toMatchObject({ level: 'warn', file: live.cert });
    expect(line.reason).toMatch(/server\.key is not the key of/);
    expect(await served()).toBe(print(certificates.server));
    await put(second.keyFile, live.key);
    await door.log.line('certificates_changed');
    expect(await served()).toBe(print(second));
    await unlink(live.key);
    await door.log.line('certificates_unusable', (entry) => entry.reason?.includes('cannot be read') === true);
    expect(await served()).toBe(print(second));
  });

  it('of nothing but the time of a file is no change', async () => {
    await put(certificates.server.certFile, live.cert);
    await put(second.certFile, live.cert);
    await put(second.keyFile, live.key);
    await door.log.line('certificates_changed');
    expect(door.log.lines.filter((line) => line.event === 'certificates_changed')).toHaveLength(1);
  });

  it('of a symbolic link in the folder is followed', async () => {
    const elsewhere = join(folder, 'elsewhere');
    await mkdir(elsewhere);
    for (const [pair, file] of [
      [second.certFile, live.cert],
      [second.keyFile, live.key],
    ] as const) {
      const target = join(elsewhere, file.endsWith('crt') ? 'a.crt' : 'a.key');
      await writeFile(target, await readFile(pair));
      await symlink(target, `${file}.link`);
      await rename(`${file}.link`, file);
    }
    await door.log.line('certificates_changed');
    expect(await served()).toBe(print(second));
  });
});
