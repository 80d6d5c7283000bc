/** What people did, for the screenshots of the console: labels of two reviewers, a policy with a draft, a replay. */

import type { PolicyVersion, ReplayEstimate, ReplayJob } from '../../judge-proxy/contract/responses.ts';
import type { HumanLabel } from '../../judge-proxy/ledger/acts.ts';
import type { Page, QueueItem } from '../../judge-proxy/ledger/read-model/rows.ts';
import { headersOf, makePerson, type Person } from './console-people.ts';
import type { ConsoleWorld } from './console-world.ts';

const LABELLED = 150;

/** Does all of it over the API. */
export async function playWork(world: ConsoleWorld): Promise<void> {
  const [ada, bob] = [
    await makePerson(world.url, world.admin, 'ada', 'reviewer'),
    await makePerson(world.url, world.admin, 'bob', 'reviewer'),
  ];
  const { items } = await ask<Page<QueueItem>>(world, ada, 'GET', `/api/queues/control?limit=${LABELLED}&opinions=9`);
  await label(world, ada, items, 11);
  await label(world, bob, items.slice(0, 90), 17);
  const rubric = await ask<PolicyVersion>(world, world.admin, 'GET', '/api/policies/default/versions/0');
  const yaml = rubric.yaml.replace('threshold: 2', 'threshold: 3').replace('weight: 0.7', 'weight: 0.6');
  await ask(world, world.admin, 'PUT', '/api/policies/default/draft', { yaml, revision: 0 });
  const spec = { judge: 'default', policy: { draft: true }, filter: {}, most: 20 };
  const { selection_hash } = await ask<ReplayEstimate>(world, world.admin, 'POST', '/api/replays/estimate', spec);
  await ask<ReplayJob>(world, world.admin, 'POST', '/api/replays', { ...spec, selection_hash, max_usd: 1 });
}

/** As the judge said, but for one in `differs`. */
async function label(world: ConsoleWorld, person: Person, items: readonly QueueItem[], differs: number): Promise<void> {
  const groups = new Map<HumanLabel, string[]>();
  for (const [index, { exchange }] of items.entries()) {
    const found = exchange.verdict?.label === 'violation';
    const given: HumanLabel = index % 29 === 5 ? 'unsure' : found === (index % differs !== 0) ? 'violation' : 'clean';
    groups.set(given, [...(groups.get(given) ?? []), exchange.exchange_id]);
  }
  for (const [given, ids] of groups) {
    const body = { exchange_ids: ids, label: given, note: null, queue: 'control', blind: true };
    await ask(world, person, 'POST', '/api/labels', body);
  }
}

async function ask<T>(world: ConsoleWorld, as: Person, method: string, path: string, body?: unknown): Promise<T> {
  const response = await fetch(`${world.url}${path}`, {
    method,
    headers: headersOf(world.url, as),
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}
