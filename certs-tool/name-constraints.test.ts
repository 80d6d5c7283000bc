/**
 * Contract: whoever steals the key of the interception CA can be the listed hosts to a client, and nothing else.
 *
 * - A leaf for a listed host, or for a name below it, is accepted.
 * - A leaf for another host, or for an IP address, is refused because of the name constraints, and not for another
 *   reason: the same leaves from a CA without constraints are all accepted.
 *
 * Method: the CA signs all four leaves without our own check, as a thief would. A TLS server on loopback shows each;
 * real clients, that trust what we tell people to trust, make handshakes with them.
 */

import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadCa, type SigningCa } from './authority.ts';
import { makeChainCa } from './make-ca.ts';
import { CLIENTS, type ClientName, type Target, TlsServers } from './testing/handshakes.ts';
import { Folder, interceptionCa, leafFor, openssl, opensslOk, withoutOurCheck } from './testing/tools.ts';

const HOSTS = ['api.llm.test', 'below.api.llm.test', 'bank.test', '127.0.0.1'] as const;

/** How each client says that a name is not permitted, and that an address is excluded. */
const WORDS: Readonly<Record<ClientName, { readonly name: RegExp; readonly address: RegExp }>> = {
  Node: { name: /permitted subtree violation/, address: /excluded subtree violation/ },
  Python: { name: /permitted subtree violation/, address: /excluded subtree violation/ },
  curl: { name: /exit 60 .*permitted subtree violation/, address: /exit 60 .*excluded subtree violation/ },
  Go: { name: /bank\.test.* is not permitted by any constraint/, address: /127\.0\.0\.1.* is excluded by constraint/ },
  Java: { name: /name constraints check failed/, address: /name constraints check failed/ },
};

interface Arm {
  readonly caFile: string;
  readonly targets: readonly Target[];
}

let folder: Folder;
const servers = new TlsServers();
let constrained: Arm;
let unconstrained: Arm;

async function arm(name: string, ca: SigningCa): Promise<Arm> {
  const caFile = await folder.write(`${name}.crt`, ca.certPem);
  const targets: Target[] = [];
  for (const host of HOSTS) {
    const leaf = leafFor(withoutOurCheck(ca), host, new Date());
    await folder.write(`${name}-${host}.crt`, leaf.certPem);
    targets.push(await servers.serve(host, leaf));
  }
  return { caFile, targets };
}

beforeAll(async () => {
  folder = await Folder.make();
  const chain = makeChainCa({ now: new Date(), random: randomBytes });
  constrained = await arm('constrained', interceptionCa(['api.llm.test'], new Date()));
  unconstrained = await arm('unconstrained', loadCa(chain.certPem, chain.keyPem));
});

afterAll(async () => {
  await servers[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

// The first `go run` on a machine compiles Go's TLS stack: 26 s measured on two busy cores, a second when it is cached.
const NAMES = Object.keys(CLIENTS) as ClientName[];
describe.each(NAMES)('%s', { timeout: 180_000 }, (name) => {
  const client = CLIENTS[name];

  it('accepts the listed host and names below it, refuses any other host and any address', async (test) => {
    const opinions = await client(constrained.targets, constrained, folder);
    if (opinions === null) return test.skip(`${name} is not installed`);
    const [listed, below, other, address] = opinions;
    expect([listed, below]).toEqual(['accepted', 'accepted']);
    expect(other).toMatch(WORDS[name].name);
    expect(address).toMatch(WORDS[name].address);
  });

  it('accepts all four from a CA without constraints, so nothing else is wrong with them', async (test) => {
    const opinions = await client(unconstrained.targets, unconstrained, folder);
    if (opinions === null) return test.skip(`${name} is not installed`);
    expect(opinions).toEqual(HOSTS.map(() => 'accepted'));
  });
});

describe('openssl verify -x509_strict', () => {
  const verify = async (which: 'constrained' | 'unconstrained', host: string) => {
    const leaf = folder.file(`${which}-${host}.crt`);
    const ca = folder.file(`${which}.crt`);
    const { stdout, stderr } = await openssl('verify', '-x509_strict', '-CAfile', ca, '-untrusted', leaf, leaf);
    return stdout + stderr;
  };

  it.each([
    ['api.llm.test', /: OK$/m],
    ['below.api.llm.test', /: OK$/m],
    ['bank.test', /permitted subtree violation/],
    ['127.0.0.1', /excluded subtree violation/],
  ])('judges %s', async (host, answer) => {
    expect(await verify('constrained', host)).toMatch(answer);
    expect(await verify('unconstrained', host)).toMatch(/: OK$/m);
  });

  it('finds nothing wrong with the authorities themselves', async () => {
    const text = await opensslOk('x509', '-in', constrained.caFile, '-noout', '-text');
    expect(text).toMatch(/X509v3 Name Constraints: critical/);
    for (const file of [constrained.caFile, unconstrained.caFile]) {
      expect(await opensslOk('verify', '-x509_strict', '-CAfile', file, file)).toMatch(/: OK$/m);
    }
  });
});
