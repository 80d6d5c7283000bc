/**
 * Contract: what is written for a failing judge is what is done. The value of a route wins, then the one of its mode,
 * then the default, and no layer between the file and who asks turns `block` into anything that lets more pass.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseConfig } from '../config/load.ts';
import { routeConfig } from '../config/testing/route.ts';
import { type FailurePolicy, failurePolicies, failurePolicy, unreadPolicy } from './failure-policy.ts';

const MODES = ['observe', 'window', 'hold'] as const;
const POLICIES = ['allow', 'block', 'review'] as const;
const DEFAULTS = { observe: 'review', window: 'block', hold: 'block' } as const;

type Mode = (typeof MODES)[number];
interface Written {
  readonly mode: Mode;
  readonly route: FailurePolicy | null;
  readonly top: Partial<Record<Mode, FailurePolicy>>;
}

/** The file as a person writes it, through the loader, to what main.ts hands on. */
function inForce({ mode, route, top }: Written): { exchange: FailurePolicy; request: FailurePolicy } {
  const own = route === null ? '' : `, on_judge_failure: ${route}`;
  const layer = Object.keys(top).length === 0 ? '' : `on_judge_failure: ${JSON.stringify(top)}\n`;
  const text = `${layer}judges: { j: { rubric: r.yaml } }
routes:
  - { name: a, hosts: [a.example], action: terminate, judge: j, mode: ${mode}, hold_request: true${own} }
  - { name: rest, hosts: ["*"], action: tunnel }
`;
  const policyOf = failurePolicies(parseConfig(text, 'f.yaml', {}));
  return { exchange: policyOf('a'), request: policyOf('a', 'request') };
}

describe('a fail-closed setting stays one on its way through the configuration', () => {
  test.each(MODES)('%s: the default, when nothing is written', (mode) => {
    expect(inForce({ mode, route: null, top: {} })).toEqual({ exchange: DEFAULTS[mode], request: 'block' });
  });

  test.each(MODES.flatMap((mode) => POLICIES.map((policy) => [mode, policy] as const)))(
    '%s: %s at the top, for this mode alone',
    (mode, policy) => {
      const request = mode === 'hold' ? policy : DEFAULTS.hold;
      expect(inForce({ mode, route: null, top: { [mode]: policy } })).toEqual({ exchange: policy, request });
    },
  );

  test.each(MODES.flatMap((mode) => POLICIES.map((policy) => [mode, policy] as const)))(
    '%s: %s at the route, whatever stands at the top',
    (mode, policy) => {
      for (const other of POLICIES) {
        const top = { observe: other, window: other, hold: other };
        expect(inForce({ mode, route: policy, top })).toEqual({ exchange: policy, request: policy });
      }
    },
  );

  test('every combination: only what is written nearest decides', () => {
    const policy = fc.constantFrom(...POLICIES);
    const written = fc.record({
      mode: fc.constantFrom(...MODES),
      route: fc.option(policy),
      top: fc.record({ observe: policy, window: policy, hold: policy }, { requiredKeys: [] }),
    });
    fc.assert(
      fc.property(written, ({ mode, route, top }) => {
        const found = inForce({ mode, route, top });
        expect(found.exchange).toBe(route ?? top[mode] ?? DEFAULTS[mode]);
        expect(found.request).toBe(route ?? top.hold ?? DEFAULTS.hold);
      }),
    );
  });
});

test('a route that is no longer in the config is over: it has what `observe` has', () => {
  const routes = [routeConfig({ name: 'a', hosts: ['a.example'], action: 'terminate', mode: 'hold' })];
  const byMode = { observe: 'allow', window: 'block', hold: 'block' } as const;
  expect(failurePolicies({ routes, on_judge_failure: byMode })('gone')).toBe('allow');
  expect(failurePolicy(byMode, { mode: 'hold' }, 'exchange')).toBe('block');
});

test.each([
  ['observe', false, 'block', 'block', null],
  ['observe', true, 'allow', 'block', 'allow'],
  ['hold', false, 'block', 'allow', 'allow'],
  ['window', true, 'block', 'allow', 'block'],
  ['window', true, 'allow', 'block', 'block'],
  ['hold', true, 'review', 'allow', 'review'],
  ['hold', true, 'allow', 'allow', 'allow'],
] as const)(
  'what nobody can read on a route of mode %s, requests held: %s, has the strictest word',
  (mode, hold_request, request, exchange, expected) => {
    const policyOf = (subject: 'request' | 'exchange') => (subject === 'request' ? request : exchange);
    expect(unreadPolicy({ mode, hold_request }, policyOf)).toBe(expected);
  },
);
