/** A provider that cannot be asked, could be read on the way, or lets nobody in. */

import { isLoopback, parseCidr } from './cidr.ts';
import { type Finding, fault, warning } from './finding.ts';
import type { Config } from './schema.ts';

const at = (...keys: (string | number)[]) => ['console', 'oidc', ...keys];

/** Findings about `console.oidc`. */
export function checkOidc({ oidc }: Config['console']): Finding[] {
  if (oidc === undefined) return [];
  const findings: Finding[] = [];
  const { username, password, search, hash, protocol, hostname } = new URL(oidc.issuer);
  if (username !== '' || password !== '' || search !== '' || hash !== '') {
    const fix = 'Write it as `iss` of the ID tokens has it.';
    findings.push(fault(at('issuer'), 'an issuer has no credentials, no query and no fragment', fix));
  }
  if (protocol === 'http:' && !isLoopback(hostname.replace(/^\[|\]$/g, ''))) {
    const fix = 'Use https: whoever reads along could sign in as anybody.';
    findings.push(fault(at('issuer'), 'not https', fix));
  }
  if (!oidc.scopes.includes('openid')) {
    findings.push(fault(at('scopes'), '`openid` is missing', 'Add it: without it there is no ID token.'));
  }
  if (Object.keys(oidc.roles).length === 0) {
    findings.push(warning(at('roles'), 'nobody has a role', 'Write a value of `role_claim` and the role it gives.'));
  }
  for (const [index, cidr] of oidc.allow_addresses.entries()) {
    if (parseCidr(cidr) !== null) continue;
    const fix = 'Write an address block without bits behind its prefix, as in 10.1.0.0/16 or fd00::/8.';
    findings.push(fault(at('allow_addresses', index), 'not a CIDR', fix));
  }
  return findings;
}
