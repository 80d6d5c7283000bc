/**
 * Contract: after `ensureCertificates` everything that the chain needs is there and good, or it has thrown an error that
 * names the file and a command. No CA is ever changed by it.
 */

import { X509Certificate } from 'node:crypto';
import { chmod, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type EnsureOptions, ensureCertificates } from './ensure.ts';
import type { CertificateErrorCode } from './errors.ts';
import { sansOf } from './extensions.ts';
import { type CertificatePaths, pathsIn } from './paths.ts';
import { certificatesIn } from './pem.ts';
import { Folder, interceptionCa, later, leafFor, NOW, newKey, opensslCa } from './testing/tools.ts';

let folder: Folder;
let paths: CertificatePaths;

beforeEach(async () => {
  folder = await Folder.make();
  paths = pathsIn(folder.path);
});
afterEach(() => folder[Symbol.asyncDispose]());

const ensure = (options: Partial<EnsureOptions> = {}) =>
  ensureCertificates({ certDir: folder.path, terminatedHosts: ['api.a.test'], now: NOW, ...options });

const actions = async (options: Partial<EnsureOptions> = {}) =>
  Object.fromEntries((await ensure(options)).items.map(({ name, action }) => [name, action]));

const certIn = async (file: string) => new X509Certificate(await readFile(file));
const snapshot = async () =>
  Object.fromEntries(
    await Promise.all(
      (await readdir(folder.path)).map(async (name) => [name, await readFile(folder.file(name), 'utf8')]),
    ),
  );

const ALL_KEPT = {
  'chain CA': 'kept',
  server: 'kept',
  client: 'kept',
  'interception CA': 'kept',
  'trust bundle': 'kept',
};

/** Rejects with the code, a text that names the file, and the command; and has changed nothing. */
async function expectStop(
  code: CertificateErrorCode,
  file: string,
  command: string,
  options: Partial<EnsureOptions> = {},
): Promise<void> {
  const before = await snapshot();
  const error: unknown = await ensure(options).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toMatchObject({ name: 'CertificateError', code, problem: expect.stringContaining(file) });
  expect((error as Error).message).toContain(`npm run certs -- ${command}`);
  expect(await snapshot()).toEqual(before);
}

describe('in an empty directory', () => {
  it('makes everything, keys 0600, and changes nothing at the second run', async () => {
    const report = await ensure();
    expect(report.created).toEqual([
      paths.caCert,
      paths.serverCert,
      paths.clientCert,
      paths.interceptionCaCert,
      paths.trustBundle,
    ]);
    expect(report.warnings).toEqual([]);
    for (const key of [paths.caKey, paths.serverKey, paths.clientKey, paths.interceptionCaKey]) {
      expect((await stat(key)).mode & 0o777).toBe(0o600);
    }
    const before = await snapshot();
    expect(await actions()).toEqual(ALL_KEPT);
    expect(await snapshot()).toEqual(before);
  });

  it('makes the two ends of the hop for their names and purposes, 90 days long', async () => {
    await ensure({ serverHosts: ['Judge.Example', '[::1]'] });
    const [ca, server, client] = [
      await certIn(paths.caCert),
      await certIn(paths.serverCert),
      await certIn(paths.clientCert),
    ];
    expect(sansOf(server)).toEqual([
      'llm-as-judge-proxy',
      'localhost',
      '127.0.0.1',
      'judge.example',
      '0:0:0:0:0:0:0:1',
    ]);
    expect(sansOf(client)).toEqual(['envoy-proxy']);
    expect([server.keyUsage, client.keyUsage]).toEqual([['1.3.6.1.5.5.7.3.1'], ['1.3.6.1.5.5.7.3.2']]);
    expect([server, client].map((cert) => cert.verify(ca.publicKey))).toEqual([true, true]);
    expect([server, client].map((cert) => cert.validToDate)).toEqual([later(90), later(90)]);
  });

  it('makes neither interception CA nor bundle when nothing is terminated', async () => {
    expect(await actions({ terminatedHosts: [] })).toEqual({ 'chain CA': 'made', server: 'made', client: 'made' });
    expect((await readdir(folder.path)).sort()).toEqual([
      'ca.crt',
      'ca.key',
      'envoy-client.crt',
      'envoy-client.key',
      'server.crt',
      'server.key',
    ]);
  });

  it('refuses to make a CA for every host, and for an address, before it writes one', async () => {
    await expect(ensure({ terminatedHosts: ['*'] })).rejects.toMatchObject({
      code: 'any_host_refused',
      remedy: expect.stringMatching(/--danger-any-host/),
    });
    await expect(ensure({ terminatedHosts: ['10.0.0.1'] })).rejects.toMatchObject({ code: 'host_invalid' });
    expect((await readdir(folder.path)).filter((name) => name.startsWith('intercept'))).toEqual([]);
  });

  it('uses the files that are named elsewhere', async () => {
    const elsewhere = { interceptionCaCert: folder.file('x/i.pem'), interceptionCaKey: folder.file('x/i.key') };
    await ensure({ paths: elsewhere });
    expect(await readdir(folder.file('x'))).toEqual(['i.key', 'i.pem']);
    expect(await readdir(folder.path)).not.toContain('intercept-ca.crt');
  });
});

describe('server and client certificates', () => {
  beforeEach(() => ensure());

  it('are renewed with new keys when a third of their life is left, and not before', async () => {
    const key = await readFile(paths.serverKey, 'utf8');
    expect(await actions({ now: later(59) })).toEqual(ALL_KEPT);
    expect(await actions({ now: later(60.1) })).toEqual({ ...ALL_KEPT, server: 'renewed', client: 'renewed' });
    expect((await certIn(paths.serverCert)).validToDate).toEqual(later(150.1));
    expect(await readFile(paths.serverKey, 'utf8')).not.toBe(key);
    expect(await actions({ now: later(61) })).toEqual(ALL_KEPT);
  });

  it('are renewed when expired, and never outlive the CA', async () => {
    expect(await actions({ now: later(820) })).toMatchObject({ server: 'renewed', client: 'renewed' });
    expect((await certIn(paths.serverCert)).validToDate).toEqual((await certIn(paths.caCert)).validToDate);
  });

  it('keep the names that were added by hand', async () => {
    await ensure({ serverHosts: ['extra.test', '2001:db8::1'] });
    expect(await actions()).toEqual(ALL_KEPT);
    await ensure({ now: later(70) });
    expect(sansOf(await certIn(paths.serverCert))).toEqual([
      'llm-as-judge-proxy',
      'localhost',
      '127.0.0.1',
      'extra.test',
      '2001:db8:0:0:0:0:0:1',
    ]);
  });

  it.each<[string, () => Promise<void>]>([
    ['the key is missing', () => rm(paths.serverKey)],
    ['the key is another, as after a crash between the two renames', () => writeFile(paths.serverKey, newKey().keyPem)],
    ['the key is damaged', () => writeFile(paths.serverKey, 'garbage')],
    ['the certificate is missing', () => rm(paths.serverCert)],
    [
      'the certificate is for another purpose',
      async () => {
        await writeFile(paths.serverCert, await readFile(paths.clientCert));
        await writeFile(paths.serverKey, await readFile(paths.clientKey));
      },
    ],
  ])('are issued anew when %s', async (_, damage) => {
    await damage();
    const report = await actions();
    expect(report).toMatchObject({ 'chain CA': 'kept', client: 'kept' });
    expect(report.server).toMatch(/made|renewed/);
    expect(await actions()).toEqual(ALL_KEPT);
  });

  it('are issued anew after the chain CA was', async () => {
    await Promise.all([rm(paths.caCert), rm(paths.caKey)]);
    expect(await actions()).toMatchObject({ 'chain CA': 'made', server: 'renewed', client: 'renewed' });
  });

  it('of somebody else stop the start, and so do damaged ones', async () => {
    const foreign = leafFor(interceptionCa(['localhost']), 'localhost');
    await using other = await Folder.make();
    const operator = await opensslCa(other, { subject: '/CN=Somebody else' });
    await writeFile(paths.serverCert, operator.certPem);
    await expectStop('certificate_foreign', paths.serverCert, `server --force --dir ${folder.path}`);
    await writeFile(paths.serverCert, 'garbage');
    await expectStop('certificate_unreadable', paths.serverCert, `server --force --dir ${folder.path}`);
    // One of ours, of an earlier CA, is not somebody else's.
    await writeFile(paths.serverCert, foreign.certPem);
    expect(await actions()).toMatchObject({ server: 'renewed' });
  });
});

describe('an existing chain CA', () => {
  beforeEach(() => ensure());
  const command = () => `init --force --dir ${folder.path}`;

  it.each<[string, CertificateErrorCode, () => Promise<void>]>([
    ['damaged', 'ca_unreadable', () => writeFile(paths.caCert, 'garbage')],
    ['without its certificate', 'ca_cert_missing', () => rm(paths.caCert)],
    ["with another's key", 'ca_key_mismatch', () => writeFile(paths.caKey, newKey().keyPem)],
    ['with a damaged key', 'ca_key_unreadable', () => writeFile(paths.caKey, 'garbage')],
  ])('%s stops the start', async (_, code, damage) => {
    await damage();
    await expectStop(code, paths.caCert, command());
  });

  it('expired stops the start', () => expectStop('ca_expired', paths.caCert, command(), { now: later(826) }));
  it('of the future stops the start', () =>
    expectStop('ca_not_yet_valid', paths.caCert, command(), { now: later(-1) }));

  it('warns when a third of its life is left', async () => {
    const { warnings } = await ensure({ now: later(551) });
    expect(warnings.filter((text) => text.includes('ends in 274 days'))).toHaveLength(2);
    expect((await ensure({ now: later(549) })).warnings).toEqual([]);
  });

  it('may have its key elsewhere, with a warning, until something is to be signed', async () => {
    await rm(paths.caKey);
    const { items, warnings } = await ensure();
    expect(items.map(({ action }) => action)).toEqual(['kept', 'kept', 'kept', 'kept']);
    expect(warnings).toEqual([expect.stringMatching(/ca\.key is missing: certificates cannot be renewed/)]);
    await expectStop('ca_key_missing', paths.caKey, command(), { now: later(61) });
    await rm(paths.clientKey);
    await expectStop('ca_key_missing', paths.caKey, command());
  });
});

describe('an existing interception CA', () => {
  beforeEach(() => ensure());
  const command = () => `intercept-ca --force --dir ${folder.path} --host api.a.test`;

  it.each<[string, CertificateErrorCode, () => Promise<void>]>([
    ['damaged', 'ca_unreadable', () => writeFile(paths.interceptionCaCert, 'garbage')],
    ['without its certificate', 'ca_cert_missing', () => rm(paths.interceptionCaCert)],
    ['without its key', 'ca_key_missing', () => rm(paths.interceptionCaKey)],
    ["with another's key", 'ca_key_mismatch', () => writeFile(paths.interceptionCaKey, newKey().keyPem)],
  ])('%s stops the start', async (_, code, damage) => {
    await damage();
    await expectStop(code, 'intercept-ca.', command());
  });

  it('too narrow stops the start, and is told with all hosts that the new one needs', async () => {
    const hosts = ['api.a.test', '*.b.test'];
    await expectStop('ca_too_narrow', paths.interceptionCaCert, `${command()} --host '*.b.test'`, {
      terminatedHosts: hosts,
    });
    await expectStop('ca_too_narrow', paths.interceptionCaCert, 'intercept-ca --force --config my.yaml', {
      terminatedHosts: hosts,
      configFile: 'my.yaml',
    });
  });

  it('with a list stops the start when every host is terminated', async () => {
    await expect(ensure({ terminatedHosts: ['*'] })).rejects.toMatchObject({ code: 'any_host_refused' });
  });

  it('serves names below its own', async () => {
    expect(await actions({ terminatedHosts: ['api.a.test', 'eu.api.a.test', '*.api.a.test'] })).toEqual(ALL_KEPT);
  });

  it('wider than needed is named', async () => {
    await Promise.all([rm(paths.interceptionCaCert), rm(paths.interceptionCaKey)]);
    await ensure({ terminatedHosts: ['api.a.test', 'b.test'] });
    expect((await ensure()).warnings).toEqual([
      expect.stringMatching(/also permits b\.test, which no route terminates/),
    ]);
  });

  it("of the operator's own is used, with a warning for all that it may sign", async () => {
    // openssl dates it today, so this test lives on a day to come instead of on the fake one.
    const now = new Date(Date.now() + 60_000);
    await Promise.all((await readdir(folder.path)).map((name) => rm(folder.file(name))));
    await ensure({ now });
    await using other = await Folder.make();
    const own = await opensslCa(other);
    await writeFile(paths.interceptionCaCert, own.certPem);
    await writeFile(paths.interceptionCaKey, own.keyPem);
    const { items, warnings } = await ensure({ now });
    expect(items.at(-1)).toMatchObject({ name: 'trust bundle', action: 'renewed' });
    expect(warnings.join('\n')).toMatch(/may sign for every name.*\n.*may sign for IP addresses/);
  });

  it('open to others is closed', async () => {
    await chmod(paths.interceptionCaKey, 0o644);
    const { warnings } = await ensure();
    expect(warnings).toEqual([expect.stringMatching(/intercept-ca\.key was open to others/)]);
    expect((await stat(paths.interceptionCaKey)).mode & 0o777).toBe(0o640);
  });
});

describe('the trust bundle', () => {
  it('is written anew when it is missing or its content has changed', async () => {
    await ensure();
    await writeFile(paths.trustBundle, 'old');
    expect(await actions()).toEqual({ ...ALL_KEPT, 'trust bundle': 'renewed' });
    await rm(paths.trustBundle);
    expect(await actions()).toEqual({ ...ALL_KEPT, 'trust bundle': 'made' });
    const bundle = certificatesIn(await readFile(paths.trustBundle, 'utf8'));
    expect(bundle[0]?.fingerprint256).toBe((await certIn(paths.interceptionCaCert)).fingerprint256);
    expect(bundle.length).toBeGreaterThan(10);
  });
});

it('two starts at one moment leave one CA, and the loser says so', async () => {
  const done = await Promise.allSettled([ensure(), ensure()]);
  const lost = done.flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []));
  expect(lost.every((code) => code === 'ca_exists' || code === 'ca_cert_missing')).toBe(true);
  await ensure();
  expect(await actions()).toEqual(ALL_KEPT);
});
