/**
 * Contract: after `ensureCertificates` everything that the chain needs is there and good, or it has thrown an error that
 * names the file and a command. No CA is ever changed by it.
 */

import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CertificateErrorCode } from './errors.ts';
import { sansOf } from './extensions.ts';
import type { CertificatePaths } from './paths.ts';
import { ALL_KEPT, certIn, EnsuredFolder } from './testing/ensured-folder.ts';
import { Folder, interceptionCa, later, leafFor, newKey, opensslCa } from './testing/tools.ts';

let made: EnsuredFolder;
let paths: CertificatePaths;

beforeEach(async () => {
  made = await EnsuredFolder.make();
  paths = made.paths;
});
afterEach(() => made[Symbol.asyncDispose]());

describe('in an empty directory', () => {
  it('makes everything, keys 0600, and changes nothing at the second run', async () => {
    const report = await made.ensure();
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
    const before = await made.snapshot();
    expect(await made.actions()).toEqual(ALL_KEPT);
    expect(await made.snapshot()).toEqual(before);
  });

  it('makes the two ends of the hop for their names and purposes, 90 days long', async () => {
    await made.ensure({ serverHosts: ['Judge.Example', '[::1]'] });
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
    expect(await made.actions({ terminatedHosts: [] })).toEqual({ 'chain CA': 'made', server: 'made', client: 'made' });
    expect((await readdir(made.folder.path)).sort()).toEqual([
      'ca.crt',
      'ca.key',
      'envoy-client.crt',
      'envoy-client.key',
      'server.crt',
      'server.key',
    ]);
  });

  it('refuses to make a CA for every host, and for an address, before it writes one', async () => {
    await expect(made.ensure({ terminatedHosts: ['*'] })).rejects.toMatchObject({
      code: 'any_host_refused',
      remedy: expect.stringMatching(/--danger-any-host/),
    });
    await expect(made.ensure({ terminatedHosts: ['10.0.0.1'] })).rejects.toMatchObject({ code: 'host_invalid' });
    expect((await readdir(made.folder.path)).filter((name) => name.startsWith('intercept'))).toEqual([]);
  });

  it('uses the files that are named elsewhere', async () => {
    const elsewhere = {
      interceptionCaCert: made.folder.file('x/i.pem'),
      interceptionCaKey: made.folder.file('x/i.key'),
    };
    await made.ensure({ paths: elsewhere });
    expect(await readdir(made.folder.file('x'))).toEqual(['i.key', 'i.pem']);
    expect(await readdir(made.folder.path)).not.toContain('intercept-ca.crt');
  });
});

describe('server and client certificates', () => {
  beforeEach(() => made.ensure());

  it('are renewed with new keys when a third of their life is left, and not before', async () => {
    const key = await readFile(paths.serverKey, 'utf8');
    expect(await made.actions({ now: later(59) })).toEqual(ALL_KEPT);
    expect(await made.actions({ now: later(60.1) })).toEqual({ ...ALL_KEPT, server: 'renewed', client: 'renewed' });
    expect((await certIn(paths.serverCert)).validToDate).toEqual(later(150.1));
    expect(await readFile(paths.serverKey, 'utf8')).not.toBe(key);
    expect(await made.actions({ now: later(61) })).toEqual(ALL_KEPT);
  });

  it('are renewed when expired, and never outlive the CA', async () => {
    expect(await made.actions({ now: later(820) })).toMatchObject({ server: 'renewed', client: 'renewed' });
    expect((await certIn(paths.serverCert)).validToDate).toEqual((await certIn(paths.caCert)).validToDate);
  });

  it('keep the names that were added by hand', async () => {
    await made.ensure({ serverHosts: ['extra.test', '2001:db8::1'] });
    expect(await made.actions()).toEqual(ALL_KEPT);
    await made.ensure({ now: later(70) });
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
    const report = await made.actions();
    expect(report).toMatchObject({ 'chain CA': 'kept', client: 'kept' });
    expect(report.server).toMatch(/made|renewed/);
    expect(await made.actions()).toEqual(ALL_KEPT);
  });

  it('are issued anew after the chain CA was', async () => {
    await Promise.all([rm(paths.caCert), rm(paths.caKey)]);
    expect(await made.actions()).toMatchObject({ 'chain CA': 'made', server: 'renewed', client: 'renewed' });
  });

  it('of somebody else stop the start, and so do damaged ones', async () => {
    const foreign = leafFor(interceptionCa(['localhost']), 'localhost');
    await using other = await Folder.make();
    const operator = await opensslCa(other, { subject: '/CN=Somebody else' });
    await writeFile(paths.serverCert, operator.certPem);
    await made.expectStop('certificate_foreign', paths.serverCert, `server --force --dir ${made.folder.path}`);
    await writeFile(paths.serverCert, 'garbage');
    await made.expectStop('certificate_unreadable', paths.serverCert, `server --force --dir ${made.folder.path}`);
    // One of ours, of an earlier CA, is not somebody else's.
    await writeFile(paths.serverCert, foreign.certPem);
    expect(await made.actions()).toMatchObject({ server: 'renewed' });
  });
});

describe('an existing chain CA', () => {
  beforeEach(() => made.ensure());
  const command = () => `init --force --dir ${made.folder.path}`;

  it.each<[string, CertificateErrorCode, () => Promise<void>]>([
    ['damaged', 'ca_unreadable', () => writeFile(paths.caCert, 'garbage')],
    ['without its certificate', 'ca_cert_missing', () => rm(paths.caCert)],
    ["with another's key", 'ca_key_mismatch', () => writeFile(paths.caKey, newKey().keyPem)],
    ['with a damaged key', 'ca_key_unreadable', () => writeFile(paths.caKey, 'garbage')],
  ])('%s stops the start', async (_, code, damage) => {
    await damage();
    await made.expectStop(code, paths.caCert, command());
  });

  it('expired stops the start', () => made.expectStop('ca_expired', paths.caCert, command(), { now: later(826) }));
  it('of the future stops the start', () =>
    made.expectStop('ca_not_yet_valid', paths.caCert, command(), { now: later(-1) }));

  it('warns when a third of its life is left', async () => {
    const { warnings } = await made.ensure({ now: later(551) });
    expect(warnings.filter((text) => text.includes('ends in 274 days'))).toHaveLength(2);
    expect((await made.ensure({ now: later(549) })).warnings).toEqual([]);
  });

  it('may have its key elsewhere, with a warning, until something is to be signed', async () => {
    await rm(paths.caKey);
    const { items, warnings } = await made.ensure();
    expect(items.map(({ action }) => action)).toEqual(['kept', 'kept', 'kept', 'kept']);
    expect(warnings).toEqual([expect.stringMatching(/ca\.key is missing: certificates cannot be renewed/)]);
    await made.expectStop('ca_key_missing', paths.caKey, command(), { now: later(61) });
    await rm(paths.clientKey);
    await made.expectStop('ca_key_missing', paths.caKey, command());
  });
});

it('two starts at one moment leave one CA, and the loser says so', async () => {
  const done = await Promise.allSettled([made.ensure(), made.ensure()]);
  const lost = done.flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []));
  expect(lost.every((code) => code === 'ca_exists' || code === 'ca_cert_missing')).toBe(true);
  await made.ensure();
  expect(await made.actions()).toEqual(ALL_KEPT);
});
