/**
 * Contract: a client that is told what `trustVariables` says reaches a terminated host *and* a tunnelled one. A bundle
 * that replaced the system's roots would cut the second off.
 *
 * Method: one server shows a leaf of the interception CA, another one of a test root that stands in for the system's.
 */

import { dirname } from 'node:path';
import { rootCertificates } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadCa, type SigningCa } from './authority.ts';
import { bundleText, systemRoots } from './bundle.ts';
import { certificatesIn } from './pem.ts';
import { CLIENTS, type Target, TlsServers } from './testing/handshakes.ts';
import { Folder, interceptionCa, leafFor, opensslCa, runProgram } from './testing/tools.ts';
import { shellLines, type TrustAdvice, trustVariables } from './trust.ts';

const now = new Date();
let folder: Folder;
let interception: SigningCa;
let systemFile: string;
let terminated: Target;
let tunnelled: Target;
let advice: readonly TrustAdvice[];
const servers = new TlsServers();

beforeAll(async () => {
  folder = await Folder.make();
  interception = interceptionCa(['terminated.test'], now);
  const root = await opensslCa(folder, { subject: '/CN=Root of the system' });
  systemFile = await folder.write('system.pem', root.certPem);
  terminated = await servers.serve('terminated.test', leafFor(interception, 'terminated.test', now));
  tunnelled = await servers.serve(
    'tunnelled.test',
    leafFor(loadCa(root.certPem, root.keyPem), 'tunnelled.test', new Date()),
  );
  const bundle = await folder.write(
    'trust bundle.pem',
    bundleText(await systemRoots([systemFile]), interception.anchors),
  );
  advice = trustVariables(bundle, await folder.write('intercept-ca.crt', interception.certPem));
});

afterAll(async () => {
  await servers[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

const adviceFor = (client: string) => {
  const found = advice.find((one) => one.client === client);
  if (found === undefined) throw new Error(`no advice for ${client}`);
  return found;
};

describe('what clients are told', { timeout: 180_000 }, () => {
  it.each(['Python', 'curl', 'Go'] as const)('lets %s reach both', async (name) => {
    const env = adviceFor(name).variables;
    const opinions = await CLIENTS[name]([terminated, tunnelled], { caFile: '', env }, folder);
    expect(opinions ?? ['accepted', 'accepted']).toEqual(['accepted', 'accepted']);
  });

  it('would not do with the CA alone: the tunnelled host is then refused', async () => {
    const env = { CURL_CA_BUNDLE: folder.file('intercept-ca.crt') };
    const opinions = await CLIENTS.curl([terminated, tunnelled], { caFile: '', env });
    expect(opinions).toEqual(['accepted', expect.stringMatching(/exit 60/)]);
  });

  it('lets Node reach the terminated host, and leaves it its own roots', async () => {
    const { variables } = adviceFor('Node');
    expect(await CLIENTS.Node([terminated], { caFile: '', env: variables })).toEqual(['accepted']);
    const count = 'console.log(require("node:tls").getCACertificates("default").length)';
    const counted = await runProgram(process.execPath, ['-e', count], { env: variables });
    expect(Number(counted?.stdout)).toBeGreaterThan(rootCertificates.length);
  });

  it('lets git reach both', async () => {
    for (const { host, port } of [terminated, tunnelled]) {
      const resolve = `http.curloptResolve=${host}:${port}:127.0.0.1`;
      const args = ['-c', resolve, '-c', 'http.proxy=', 'ls-remote', `https://${host}:${port}/x`];
      const { variables } = adviceFor('git');
      const trusting = await runProgram('git', args, { env: variables });
      const without = await runProgram('git', args, { env: { GIT_SSL_CAINFO: '/dev/null' } });
      expect(trusting?.stderr).not.toMatch(/certificate|SSL/i);
      expect(without?.stderr).toMatch(/certificate|SSL/i);
    }
  });

  it("gives Java a store with the CA beside Java's own roots, by the commands as they are printed", async (test) => {
    const settings = await runProgram('java', ['-XshowSettings:properties', '-version']);
    const home = /java\.home = (.*)/.exec(settings?.stderr ?? '')?.[1];
    if (home === undefined) return test.skip('Java is not installed');
    const lines = [...shellLines([adviceFor('Java')]), 'keytool -list -storepass changeit -keystore "$STORE"'];
    const env = { JAVA_HOME: home, STORE: folder.file('trust bundle.jks') };
    const listed = await runProgram('sh', ['-ec', lines.join('\n')], { env, cwd: dirname(systemFile) });
    expect(listed).toMatchObject({ code: 0 });
    expect(listed?.stdout).toMatch(/judge-proxy, .*trustedCertEntry/);
    expect(Number(/contains (\d+) entries/.exec(listed?.stdout ?? '')?.[1])).toBeGreaterThan(10);
  });
});

describe('systemRoots', () => {
  it("finds this machine's, and never an interception CA that was installed or bundled before", async () => {
    const { certificates } = await systemRoots();
    expect(certificates.length).toBeGreaterThan(10);
    const earlier = interceptionCa(['earlier.test'], now);
    const file = await folder.write(
      'mixed.pem',
      (await systemRoots([systemFile])).certificates.join('') + earlier.certPem,
    );
    const roots = await systemRoots([file]);
    expect(roots.certificates.map((cert) => cert.subject)).toEqual(['CN=Root of the system']);
    expect(roots.source).toBe(file);
  });

  it('takes the next source when a file is missing, empty or garbage', async () => {
    const files = [folder.file('none'), await folder.write('empty.pem', ''), await folder.write('bad.pem', 'garbage')];
    expect((await systemRoots(files)).source).toMatch(/system|Node/);
    expect((await systemRoots([...files, systemFile])).source).toBe(systemFile);
  });

  it('steps over one damaged entry, and gives each root once', async () => {
    const [root] = (await systemRoots([systemFile])).certificates;
    const damaged = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
    const file = await folder.write('odd.pem', `${damaged}${root}${damaged}${root}`);
    expect((await systemRoots([file])).certificates).toHaveLength(1);
  });
});

describe('bundleText', () => {
  it('has the root that clients trust first, and not the CA below it', async () => {
    const certificates = certificatesIn(bundleText(await systemRoots([systemFile]), interception.anchors));
    expect(certificates.map((cert) => cert.subject.split('CN=')[1]?.slice(0, 17))).toEqual([
      'interception root',
      'Root of the syste',
    ]);
  });
});
