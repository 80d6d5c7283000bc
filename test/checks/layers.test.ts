/**
 * Contract: an import that goes up, a socket opened outside the five socket folders, or a library that reaches into the
 * proxy fails `npm run layers`; what DESIGN allows passes.
 */

import { describe, expect, it } from 'vitest';
import { fault, importsOf } from './layers.ts';

const faultOf = (from: string, code: string) => importsOf(from, code).map((edge) => fault(edge));

describe('layers', () => {
  it.each([
    ['judge-proxy/policy/a.ts', "import { x } from '../ingress/door.ts';", /upwards/],
    ['judge-proxy/ledger/a.ts', "import type { T } from '../judge/input.ts';", /upwards/],
    ['judge-proxy/ledger/a.ts', "export { x } from '../exchange/tap.ts';", /upwards/],
    ['judge-proxy/apis/a.ts', "const x = await import('../forward/forward.ts');", /upwards/],
    ['judge-proxy/judge/a.ts', "import { request } from 'node:http';", /sockets/],
    ['judge-proxy/policy/a.ts', "import net, { isIP } from 'node:net';", /sockets/],
    ['judge-proxy/config/a.ts', "import { launchEnvoy } from '../../envoy/launch.ts';", /envoy/],
    ['certs-tool/leaf.ts', "import { x } from '../judge-proxy/config/load.ts';", /stand on their own/],
    ['judge-proxy/main.ts', "import { x } from '../certs-tool/cli.ts';", /not a library/],
    ['judge-proxy/forward/a.ts', "import { x } from '../../test/support/origin.ts';", /test code/],
    ['judge-proxy/newfolder/a.ts', "import { x } from '../errors.ts';", /not a layer/],
    ['judge-proxy/console/src/a.tsx', "import { x } from '../../ledger/sqlite.ts';", /code of the server/],
    ['judge-proxy/console/src/a.tsx', "import { readFileSync } from 'node:fs';", /a browser has no/],
    ['judge-proxy/contract/a.ts', "import { x } from '../ledger/chain.ts';", /code of the server/],
  ])('%s: %s is refused', (from, code, expected) => {
    expect(faultOf(from, code)).toEqual([expect.stringMatching(expected)]);
  });

  it.each([
    ['judge-proxy/main.ts', "import { x } from './ingress/door.ts';"],
    ['judge-proxy/ingress/a.ts', "import net from 'node:net'; import { p } from '../policy/authority.ts';"],
    ['judge-proxy/policy/a.ts', "import { isIP, BlockList } from 'node:net';"],
    ['judge-proxy/judge/a.ts', "import type { Socket } from 'node:net';"],
    ['judge-proxy/intercept/a.ts', "import { issueLeaf } from '../../certs-tool/leaf.ts';"],
    ['judge-proxy/policy/a.test.ts', "import { x } from '../ingress/door.ts';"],
    ['certs-tool/cli.ts', "import { loadConfig } from '../judge-proxy/config/load.ts';"],
    ['judge-proxy/console/src/a.tsx', "import { QUEUES } from '../../ledger/acts.ts';"],
    ['judge-proxy/console/src/a.tsx', "import type { ExchangeRow } from '../../ledger/read-model/rows.ts';"],
    ['judge-proxy/console/vite.config.ts', "import { resolve } from 'node:path';"],
  ])('%s: %s passes', (from, code) => {
    expect(faultOf(from, code).every((what) => what === undefined)).toBe(true);
  });
});
