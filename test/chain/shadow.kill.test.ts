/**
 * Contract: killed again and again while the shadow judge is asked, every verdict that was drawn has its shadow in the
 * end, and none has two.
 */

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { Chain, ROOT } from '../support/chain.ts';
import { judgeModelHandler } from '../support/judge-model.ts';
import { Origin } from '../support/origin.ts';
import { chat } from '../support/settings-requests.ts';

const ROUNDS = 3;
const EXCHANGES = 4;
const RUBRIC = join(ROOT, 'config/rubrics/default.yaml');

it('kill -9 of the proxy: once each', async () => {
  await using own = new AsyncDisposableStack();
  const model = await Origin.start({ handler: judgeModelHandler() });
  own.defer(() => model.close());
  const shadow = {
    rubric: RUBRIC,
    model: {
      ...{ base_url: `http://127.0.0.1:${model.port}/v1`, api_key: 'k', name: 'shadow', timeout: '10s' },
      allow_addresses: ['127.0.0.1/32'],
    },
  };
  await using chain = await Chain.start({
    hop: 'plain',
    config: { judges: { default: { shadow: { judge: 'second' } }, second: shadow } },
  });
  const judged = new Set<string>();
  for (let round = 0; round < ROUNDS; round++) {
    for (let i = 0; i < EXCHANGES; i++) {
      const id = `round-${round}-${i}`;
      await chat(chain.judgePort, 'recorded.test', id);
      const verdict = await chain.verdict(({ client_request_id }) => client_request_id === id);
      judged.add(verdict.verdict_id);
    }
    // In the middle: some have their shadow, some do not.
    if (round > 0) await chain.proxy.event('shadow_verdict');
    chain.proxy.kill('SIGKILL');
    await chain.proxy.exited;
    await chain.restartProxy();
  }
  const missing = [...judged].filter((id) => !shadowsOf(chain).includes(id));
  for (const id of missing) await chain.proxy.event('shadow_verdict', (line) => line.verdict_id === id);
  expect(shadowsOf(chain).toSorted()).toEqual([...judged].toSorted());
}, 90_000);

function shadowsOf(chain: Chain): string[] {
  using db = new DatabaseSync(join(chain.folder, 'ledger.db'), { readOnly: true });
  const rows = db.prepare("SELECT body ->> '$.shadow_of' AS id FROM records WHERE kind = 'shadow_verdict'").all();
  return rows.map(({ id }) => String(id));
}
