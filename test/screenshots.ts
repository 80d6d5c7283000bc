/**
 * `npm run screenshots`: the pages of the console with traffic made up for it, through the real proxy, into
 * docs/screenshots. Not a test: somebody looks at them.
 */

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';
import type { Page } from 'playwright-core';
import { SPAN_MS, START_MS, syntheticLedger } from '../bench/synthetic-ledger.ts';
import { HOLD_HOST, playScenes, sceneScript } from './support/console-scenes.ts';
import { playWork } from './support/console-work.ts';
import { ConsoleWorld, HOSTS } from './support/console-world.ts';

const FOLDER = resolve(import.meta.dirname, '../docs/screenshots');

interface Shot {
  readonly name: string;
  readonly path: string;
  readonly colorScheme?: 'light' | 'dark';
  /** What is done before the picture is taken. */
  readonly prepare?: (page: Page) => Promise<void>;
}

/** The last week of the traffic that is in the ledger before. */
const WEEK = new URLSearchParams({
  since: new Date(START_MS + SPAN_MS - 7 * 86_400_000).toISOString(),
  until: new Date(START_MS + SPAN_MS).toISOString(),
}).toString();
const EXCHANGES = 4_000;

const SHOTS: readonly Shot[] = [
  { name: 'overview', path: `/?${WEEK}` },
  { name: 'overview-dark', path: `/?${WEEK}`, colorScheme: 'dark' },
  { name: 'exchanges', path: '/exchanges' },
  { name: 'exchange', path: '/exchanges?min_severity=critical', prepare: openFirst },
  { name: 'exchange-dark', path: '/exchanges?label=violation', colorScheme: 'dark', prepare: openFirst },
  { name: 'queue', path: '/queue' },
  { name: 'queue-blind-dark', path: '/queue?queue=control&opinions=3', colorScheme: 'dark' },
  { name: 'quality', path: '/quality?days=365' },
  { name: 'policy-diff-dark', path: '/policies/default?tab=diff', colorScheme: 'dark' },
  { name: 'policies', path: '/policies/default' },
  { name: 'replay', path: '/replays', prepare: openReplay },
  { name: 'audit', path: '/audit' },
];

async function main(names: readonly string[]): Promise<void> {
  mkdirSync(FOLDER, { recursive: true });
  const folder = mkdtempSync(join(tmpdir(), 'judge-screenshots-'));
  const ledger = join(folder, 'ledger.db');
  syntheticLedger(ledger, EXCHANGES, () => {});
  const world = await ConsoleWorld.start({
    script: sceneScript,
    terminatedHosts: [HOLD_HOST],
    config: {
      routes: routes(),
      ledger: { url: `sqlite:${ledger}` },
      review: { control_rate: 0.5 },
      prices: { 'gpt-5*': { input: 1.25, output: 10 }, 'test-judge': { input: 0.25, output: 2 } },
    },
  });
  try {
    await playScenes(world);
    await playWork(world);
    for (const shot of SHOTS) if (names.length === 0 || names.includes(shot.name)) await take(world, shot);
  } finally {
    await world.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function take(world: ConsoleWorld, { name, path, colorScheme = 'light', prepare }: Shot): Promise<void> {
  const { page } = await world.open({ width: 1280, height: 800, colorScheme });
  await page.goto(path);
  await page.getByRole('heading', { level: 1 }).waitFor();
  await page.waitForLoadState('networkidle').catch(() => {});
  await prepare?.(page);
  await page.screenshot({ path: join(FOLDER, `${name}.png`) });
  process.stdout.write(`docs/screenshots/${name}.png\n`);
  await page.context().close();
}

async function openReplay(page: Page): Promise<void> {
  await page.getByRole('row').nth(1).getByRole('link').first().click();
  await page.getByText(/^Done:/).waitFor();
}

async function openFirst(page: Page): Promise<void> {
  await page.getByRole('row').nth(1).getByRole('link').first().click();
  await page.getByRole('region', { name: 'Verdict' }).waitFor();
  await page.keyboard.press(']');
}

function routes(): object[] {
  const judged = { ports: [443], action: 'terminate', judge: 'default' };
  return [
    { name: 'openai', hosts: [HOSTS.openai], ...judged },
    { name: 'finance', hosts: [HOLD_HOST], ...judged, mode: 'hold' },
    { name: 'denied', hosts: [HOSTS.denied], ports: [443], action: 'deny' },
    { name: 'rest', hosts: ['*'], ports: [443, 80], action: 'tunnel' },
  ];
}

await main(process.argv.slice(2));
