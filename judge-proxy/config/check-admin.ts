/** Who may reach the console and the admin API: on loopback anybody, elsewhere nobody without TLS. */

import { isIP } from 'node:net';
import { isLoopback } from './cidr.ts';
import { type Finding, fault } from './finding.ts';
import type { Config } from './schema.ts';

const at = (key: string) => ['listen', 'admin', key];

/** The pair of the admin listener; null when it speaks plain HTTP. */
export function adminTls({ tls }: Config['listen']['admin']): { readonly cert: string; readonly key: string } | null {
  return tls.cert === '' && tls.key === '' ? null : tls;
}

/** What would expose passwords and sessions, or everything else that the admin listener answers. */
export function checkAdmin(admin: Config['listen']['admin']): Finding[] {
  const { host, behind_trusted_proxy: proxied, public_origin: origin, open_metrics: open } = admin;
  const tls = adminTls(admin);
  const findings: Finding[] = [];
  if (isIP(host) === 0) {
    findings.push(fault(at('host'), 'not an address', 'Write an IP address, e.g. 127.0.0.1.'));
  } else if (!isLoopback(host) && tls === null && !proxied) {
    const fix =
      'Set listen.admin.tls: { cert, key }; or listen.admin.behind_trusted_proxy: true and listen.admin.public_origin, where a reverse proxy that ends TLS is the only one to reach it; or write 127.0.0.1.';
    findings.push(fault(at('host'), 'not a loopback address, and listen.admin.tls is not set', fix));
  }
  if (tls !== null && (tls.cert === '' || tls.key === '')) {
    const missing = tls.cert === '' ? 'cert' : 'key';
    findings.push(fault([...at('tls'), missing], 'not set, but the other half of the pair is', 'Name both files.'));
  }
  if (proxied && origin === undefined) {
    const fix = 'Write listen.admin.public_origin: https://NAME, as browsers have it in their address line.';
    findings.push(fault(at('behind_trusted_proxy'), 'listen.admin.public_origin is not set', fix));
  }
  if (origin !== undefined && !proxied) {
    const fix = 'Set listen.admin.behind_trusted_proxy: true, or write the name into listen.admin.names.';
    findings.push(fault(at('public_origin'), 'listen.admin.behind_trusted_proxy is not set', fix));
  }
  if (origin !== undefined && new URL(origin).origin !== origin.replace(/\/$/, '')) {
    findings.push(fault(at('public_origin'), 'not an origin', 'Write scheme, name and port alone.'));
  }
  if (open && (!isLoopback(host) || proxied)) {
    const fix = 'Make a token with the scope metrics:read, and give it to the scraper.';
    findings.push(fault(at('open_metrics'), 'allowed on a loopback address only', fix));
  }
  return findings;
}
