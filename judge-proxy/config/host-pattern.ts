/** The patterns of a route's `hosts`: `api.openai.com`, `*.example.com` (sub-domains only), `*`. */

import { canonicalHost } from './host.ts';

export type HostPattern =
  | { readonly kind: 'all' }
  /** `suffix` begins with a dot. */
  | { readonly kind: 'subdomains'; readonly suffix: string }
  | { readonly kind: 'exact'; readonly host: string; readonly address: boolean };

/** Reads one pattern; null when it is none. IP addresses are matched only exactly or by `*`. */
export function parseHostPattern(text: string): HostPattern | null {
  if (text === '*') return { kind: 'all' };
  if (text.startsWith('*.')) {
    const parent = canonicalHost(text.slice(2));
    return parent?.kind === 'name' ? { kind: 'subdomains', suffix: `.${parent.host}` } : null;
  }
  const host = canonicalHost(text);
  return host === null ? null : { kind: 'exact', host: host.host, address: host.kind !== 'name' };
}

/** The one way to write a pattern. */
export function formatHostPattern(pattern: HostPattern): string {
  switch (pattern.kind) {
    case 'all':
      return '*';
    case 'subdomains':
      return `*${pattern.suffix}`;
    case 'exact':
      return pattern.host;
  }
}

/** True when every host that `inner` matches is matched by `outer` too. */
export function covers(outer: HostPattern, inner: HostPattern): boolean {
  if (outer.kind === 'all') return true;
  if (inner.kind === 'all') return false;
  if (outer.kind === 'exact') return inner.kind === 'exact' && inner.host === outer.host;
  if (inner.kind === 'exact') return !inner.address && inner.host.endsWith(outer.suffix);
  return inner.suffix.endsWith(outer.suffix);
}
