/** The chain CA with its two ends. */

import type { X509Certificate } from 'node:crypto';
import { readCertificates } from './authority.ts';
import { type CaKind, ensureCa, replaceCa } from './ensure-ca.ts';
import type { EnsureContext, EnsuredItem } from './ensure-context.ts';
import { type ChainSigner, clientEnd, ensureEnd, serverEnd } from './ensure-ends.ts';
import { concerning } from './errors.ts';
import { readIfThere } from './files.ts';
import { canonicalHost } from './hosts.ts';
import { makeChainCa } from './make-ca.ts';
import { certsCommand } from './remedy.ts';

export interface ChainOptions {
  /** Names or addresses that the server certificate shall have beside its own, as a person wrote them. */
  readonly serverHosts?: readonly string[];
  /** Replace the CA and issue both ends anew. */
  readonly replaceCa?: boolean;
  /** Ends to look after; both unless said otherwise. */
  readonly ends?: readonly ('server' | 'client')[];
  /** Issue those ends anew although they are good. */
  readonly force?: boolean;
}

/**
 * Makes the chain CA if it is missing, and issues what is missing or due of its two certificates.
 * A CA whose key is kept elsewhere is fine as long as nothing is to be issued.
 * @throws CertificateError that names file and command
 */
export async function ensureChain(context: EnsureContext, options: ChainOptions = {}): Promise<EnsuredItem[]> {
  const extraHosts = (options.serverHosts ?? []).map(canonicalHost);
  const chain = await openChain(context, options.replaceCa === true);
  const force = options.force === true || options.replaceCa === true;
  const items = chain.ensured === null ? [] : [chain.ensured.item];
  for (const name of options.ends ?? ['server', 'client']) {
    const end = name === 'server' ? serverEnd(context, extraHosts) : clientEnd(context);
    items.push(await ensureEnd(end, chain, context, force));
  }
  return items;
}

function chainCa(context: EnsureContext): CaKind {
  return {
    name: 'chain CA',
    files: { certFile: context.paths.caCert, keyFile: context.paths.caKey },
    mend: `${certsCommand('init --force', context)}\nServer and client certificates are issued anew with it.`,
    make: () => makeChainCa(context),
  };
}

async function openChain(context: EnsureContext, replace: boolean): Promise<ChainSigner> {
  const kind = chainCa(context);
  const ensured = replace ? await replaceCa(kind) : await ensureCa(kind, context);
  if (ensured !== null) return { kind, ensured, certificates: [ensured.ca.cert] };
  context.warnings.push(`${kind.files.keyFile} is missing: certificates cannot be renewed here when they are due.`);
  return { kind, ensured, certificates: await certificatesOf(kind) };
}

async function certificatesOf({ files, mend }: CaKind): Promise<X509Certificate[]> {
  const pem = (await readIfThere(files.certFile)) ?? '';
  return concerning(files.certFile, `Run: ${mend}`, () => readCertificates(pem));
}
