/** Contract: the keys of `ledger.retention` do what docs/configuration.md says, while the judge proxy runs. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openReader } from '../../judge-proxy/ledger/reader.ts';
import { verifyLedger } from '../../judge-proxy/ledger/verify.ts';
import { chat } from '../support/settings-requests.ts';
import { JUDGED, SettingsWorld } from '../support/settings-world.ts';

let world: SettingsWorld;

beforeAll(async () => {
  world = await SettingsWorld.make();
});
afterAll(async () => {
  await world?.close();
});

async function exchangesOf(url: string) {
  const reader = openReader(url);
  const verdicts = await reader.verdicts({ limit: 10 });
  const views = await Promise.all(verdicts.map(({ exchange_id }) => reader.exchange(exchange_id)));
  await reader.close();
  return views;
}

describe('retention', () => {
  it.each(['text', 'metadata', 'sealed'] as const)(
    '%s: is erased so long after the exchange, and the chain holds',
    async (tier) => {
      // A sealed original takes a key of the operator: here nothing has one, and nothing is erased.
      const retention = tier === 'sealed' ? { sealed: '10ms', text: '10ms' } : { [tier]: '10ms' };
      const running = await world.start({ config: { ledger: { retention } } });
      await chat(running.port, JUDGED.a, 'retention');
      await running.verdict('retention');
      await running.event('erased', ({ reason }) => reason === 'retention');
      await running.close();
      const views = await exchangesOf(running.ledgerUrl);
      if (tier === 'metadata') expect(views).toEqual([]);
      else expect(views).toMatchObject([{ content: null, verdicts: [{ text_erased: true }] }]);
      expect(await verifyLedger({ url: running.ledgerUrl, checkpoints: [], publicKey: null })).toMatchObject({
        holds: true,
      });
    },
  );
});
