/** Contract: a published rubric replaces the judge and nothing else of it; answers of one version are of that version. */

import { expect, it } from 'vitest';
import { Policies } from './published.ts';
import { RULE_NAMES } from './rules/rule.ts';
import { useModels, world } from './testing/consulting.ts';
import { RUBRIC } from './testing/judgements.ts';

const model = useModels();
const CACHE = { entries: 10, ttl: 60_000, scope: 'client' } as const;
/** As if a question had other words. */
const OTHER = { ...RUBRIC, hash: 'f'.repeat(64) };

it('an answer of one version is never given for another, and is its own again after a rollback', async () => {
  const large = await model('large-1');
  const { judge, ask } = world({ model: large.model, cache: CACHE });
  const file = { yaml: '', rubric: RUBRIC };
  const policies = new Policies(new Map([['default', { judge, file, publishable: true }]]));
  const now = () => policies.judges.get('default') ?? judge;
  expect([await ask({ judge: now() }), await ask({ judge: now() })].map(({ cacheHit }) => cacheHit)).toEqual([
    false,
    true,
  ]);
  policies.put('default', { version: 1, yaml: '', rubric: OTHER });
  expect((await ask({ judge: now() })).cacheHit).toBe(false);
  policies.put('default', { version: 2, ...file });
  expect((await ask({ judge: now() })).cacheHit).toBe(true);
  expect(large.asked()).toBe(2);
});

it('what was taken before goes on as it is; what comes after has the same models, rules and budget', async () => {
  const large = await model('large-1');
  const { judge } = world({ model: large.model, rules: RULE_NAMES });
  const policies = new Policies(
    new Map([['default', { judge, file: { yaml: '', rubric: RUBRIC }, publishable: true }]]),
  );
  const before = policies.judges.get('default');
  policies.put('default', { version: 1, yaml: '', rubric: OTHER });
  policies.put('nobody', { version: 1, yaml: '', rubric: OTHER });
  expect(before?.rubric).toBe(RUBRIC);
  const { rubric, hash, ...rest } = policies.judges.get('default') ?? judge;
  expect({ ...rest, rubric: RUBRIC, hash: judge.hash }).toEqual(judge);
  expect([rubric, hash === judge.hash]).toEqual([OTHER, false]);
  expect([...policies.judges.keys()]).toEqual(['default']);
});
