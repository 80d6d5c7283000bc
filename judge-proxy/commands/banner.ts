/** What `npm start` shows when everything is up: addresses, and lines to paste. */

import type { FirstUser } from '../admin/accounts/first-user.ts';

export interface BannerFacts {
  readonly proxyUrl: string;
  /** Trust bundle: system roots and the interception CA. */
  readonly bundle: string;
  /** The interception CA alone. */
  readonly ca: string;
  readonly admin: string;
  readonly ledger: string;
  readonly terminated: readonly string[];
  readonly judge: string;
  readonly envoy: string | null;
}

/** Pure; ends with a newline. */
export function banner(facts: BannerFacts): string {
  const { proxyUrl: url, bundle, ca } = facts;
  return `
  Judge proxy is up.

  Proxy       ${url}${facts.envoy === null ? '  (without Envoy)' : `  (Envoy ${facts.envoy})`}
  CA file     ${ca}
  Recorded    ${facts.terminated.length === 0 ? 'no host: no route terminates' : facts.terminated.join(', ')}
  Judged by   ${facts.judge}
  Ledger      ${facts.ledger}
  Console     ${facts.admin}
  Health      ${facts.admin}/readyz   metrics ${facts.admin}/metrics

  Paste one of these, then run your program as always:

  curl      export HTTPS_PROXY=${url} CURL_CA_BUNDLE=${bundle}
  Node      export HTTPS_PROXY=${url} NODE_USE_ENV_PROXY=1 NODE_EXTRA_CA_CERTS=${ca}
  Python    export HTTPS_PROXY=${url} SSL_CERT_FILE=${bundle} REQUESTS_CA_BUNDLE=${bundle}

  Watch it    npm run review -- tail        Stop it    Ctrl-C

`;
}

/** What the first start says once: the only time that this password is seen. Pure; ends with a newline. */
export function firstUserNote({ name, password }: FirstUser, consoleUrl: string): string {
  return `
  First start: sign in at ${consoleUrl} as '${name}' with the password

      ${password}

  It is shown this once, and has to be changed at the first sign-in. Lost: stop it, then npm run users -- reset ${name}

`;
}
