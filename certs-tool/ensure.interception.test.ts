/**
 * Contract: an interception CA that exists is used as it is, or stops the start with the command that replaces it; what it
 * may sign beyond the routes is said. The trust bundle follows it.
 */

import { chmod, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CertificateErrorCode } from './errors.ts';
import type { CertificatePaths } from './paths.ts';
import { certificatesIn } from './pem.ts';
import { ALL_KEPT, certIn, EnsuredFolder } from './testing/ensured-folder.ts';
import { Folder, newKey, opensslCa } from './testing/tools.ts';

let made: EnsuredFolder;
let paths: CertificatePaths;

beforeEach(async () => {
  made = await EnsuredFolder.make();
  paths = made.paths;
});
afterEach(() => made[Symbol.asyncDispose]());

describe('an existing interception CA', () => {
  beforeEach(() => made.ensure());
  const command = () => `intercept-ca --force --dir ${made.folder.path} --host api.a.test`;

  it.each<[string, CertificateErrorCode, () => Promise<void>]>([
    ['damaged', 'ca_unreadable', () => writeFile(paths.interceptionCaCert, 'garbage')],
    ['without its certificate', 'ca_cert_missing', () => rm(paths.interceptionCaCert)],
    ['without its key', 'ca_key_missing', () => rm(paths.interceptionCaKey)],
    ["with another's key", 'ca_key_mismatch', () => writeFile(paths.interceptionCaKey, newKey().keyPem)],
  ])('%s stops the start', async (_, code, damage) => {
    await damage();
    await made.expectStop(code, 'intercept-ca.', command());
  });

  it('too narrow stops the start, and is told with all hosts that the new one needs', async () => {
    const hosts = ['api.a.test', '*.b.test'];
    await made.expectStop('ca_too_narrow', paths.interceptionCaCert, `${command()} --host '*.b.test'`, {
      terminatedHosts: hosts,
    });
    await made.expectStop('ca_too_narrow', paths.interceptionCaCert, 'intercept-ca --force --config my.yaml', {
      terminatedHosts: hosts,
      configFile: 'my.yaml',
    });
  });

  it('with a list stops the start when every host is terminated', async () => {
    await expect(made.ensure({ terminatedHosts: ['*'] })).rejects.toMatchObject({ code: 'any_host_refused' });
  });

  it('serves names below its own', async () => {
    expect(await made.actions({ terminatedHosts: ['api.a.test', 'eu.api.a.test', '*.api.a.test'] })).toEqual(ALL_KEPT);
  });

  it('wider than needed is named', async () => {
    await Promise.all([rm(paths.interceptionCaCert), rm(paths.interceptionCaKey)]);
    await made.ensure({ terminatedHosts: ['api.a.test', 'b.test'] });
    expect((await made.ensure()).warnings).toEqual([
      expect.stringMatching(/also permits b\.test, which no route terminates/),
    ]);
  });

  it("of the operator's own is used, with a warning for all that it may sign", async () => {
    // openssl dates it today, so this test lives on a day to come instead of on the fake one.
    const now = new Date(Date.now() + 60_000);
    await Promise.all((await readdir(made.folder.path)).map((name) => rm(made.folder.file(name))));
    await made.ensure({ now });
    await using other = await Folder.make();
    const own = await opensslCa(other);
    await writeFile(paths.interceptionCaCert, own.certPem);
    await writeFile(paths.interceptionCaKey, own.keyPem);
    const { items, warnings } = await made.ensure({ now });
    expect(items.at(-1)).toMatchObject({ name: 'trust bundle', action: 'renewed' });
    expect(warnings.join('\n')).toMatch(/may sign for every name.*\n.*may sign for IP addresses/);
  });

  it('open to others is closed', async () => {
    await chmod(paths.interceptionCaKey, 0o644);
    const { warnings } = await made.ensure();
    expect(warnings).toEqual([expect.stringMatching(/intercept-ca\.key was open to others/)]);
    expect((await stat(paths.interceptionCaKey)).mode & 0o777).toBe(0o640);
  });
});

describe('the trust bundle', () => {
  it('is written anew when it is missing or its content has changed', async () => {
    await made.ensure();
    await writeFile(paths.trustBundle, 'old');
    expect(await made.actions()).toEqual({ ...ALL_KEPT, 'trust bundle': 'renewed' });
    await rm(paths.trustBundle);
    expect(await made.actions()).toEqual({ ...ALL_KEPT, 'trust bundle': 'made' });
    const bundle = certificatesIn(await readFile(paths.trustBundle, 'utf8'));
    expect(bundle[0]?.fingerprint256).toBe((await certIn(paths.interceptionCaCert)).fingerprint256);
    expect(bundle.length).toBeGreaterThan(10);
  });
});
