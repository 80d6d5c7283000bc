/** `review costs`: what the traffic cost and what judging it cost. */

import type { Cost } from '../../ledger/costs.ts';
import type { LedgerReader } from '../../ledger/ledger.ts';
import type { CommandIo } from '../command.ts';
import { oneLine } from '../terminal-text.ts';
import type { ReviewOptions } from './options.ts';
import { clockTime, type Mark, type Paint } from './paint.ts';
import { type Cell, table } from './table.ts';

const WIDTHS = [30, 24, 28, 16, 28, 16];

/** Exchanges that take about a second to read. */
const SLOW_FROM = 100_000;

export async function showCosts(
  reader: Pick<LedgerReader, 'costs' | 'stats'>,
  { period, json }: ReviewOptions,
  io: CommandIo,
  paint: Paint,
): Promise<void> {
  const { exchanges } = await reader.stats();
  if (exchanges >= SLOW_FROM) io.stderr.write(`Reading the records of ${exchanges} exchanges …\n`);
  const costs = await reader.costs(period);
  if (json) {
    io.stdout.write(`${JSON.stringify({ ...period, ...costs })}\n`);
    return;
  }
  io.stdout.write(`${periodLine(period)}\n\n`);
  if (costs.total.exchanges === 0) {
    io.stdout.write('No exchange fits.\n');
    return;
  }
  const routes = costs.by_route.map((cost) => row(cost.route, cost));
  const clients = costs.by_client.map((cost) => row(cost.client, cost));
  io.stdout.write(`${table(head('ROUTE'), WIDTHS, [...routes, row('all routes', costs.total)], io, paint)}\n\n`);
  io.stdout.write(`${table(head('CLIENT'), WIDTHS, clients, io, paint)}\n\n`);
  io.stdout.write('Money is the sum of what has a known price. “asked”: verdicts of a model.\n');
}

function periodLine({ since, until }: ReviewOptions['period']): string {
  const from = since === undefined ? 'the beginning' : `${clockTime(since)} UTC`;
  return `Exchanges from ${from} to ${until === undefined ? 'now' : `${clockTime(until)} UTC`}`;
}

function head(name: string): string[] {
  return [name, 'EXCHANGES', 'TRAFFIC TOKENS', 'TRAFFIC COST', 'JUDGING', 'JUDGING COST', 'OF TRAFFIC'];
}

function row(name: string, { exchanges, judged, unjudged, traffic, judging }: Cost): Cell[] {
  return [
    [oneLine(name)],
    [`${exchanges}`, `${judged} judged`, ...(unjudged === 0 ? [] : [warning(`${unjudged} without verdict`)])],
    [`${traffic.tokens_in} in`, `${traffic.tokens_out} out`],
    money(traffic),
    [`${judging.asked} asked`, `${judging.tokens} tokens`],
    money(judging),
    [share(judging.usd, traffic.usd)],
  ];
}

/** A sum with unknown prices in it is a lower bound, and says so. */
function money({ usd, unpriced }: { readonly usd: number; readonly unpriced: number }): Cell {
  return [dollars(usd), ...(unpriced === 0 ? [] : [warning(`+ ${unpriced} unpriced`)])];
}

function dollars(usd: number): string {
  return `$${usd.toFixed(usd === 0 || usd >= 1 ? 2 : 6)}`;
}

function share(judging: number, traffic: number): string {
  return traffic === 0 ? '—' : `${((100 * judging) / traffic).toFixed(1)} %`;
}

function warning(text: string): Mark {
  return { text, style: 'yellow' };
}
