/** Contract: the keys of `ledger.retention` do what docs/configuration.md says, while the judge proxy runs. */

import { generateIdentity, identityToRecipient } from 'age-encryption';
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

/** Every exchange that a ledger has a verdict of, with what is sealed of it. */
async function exchangesOf(url: string) {
  const reader = openReader(url);
  const verdicts = await reader.verdicts({ limit: 10 });
  const views = await Promise.all(
    verdicts.map(async ({ exchange_id }) => {
      const view = await reader.exchange(exchange_id);
      const sealed = (await reader.sealed(exchange_id)) !== null;
      return { sealed, content: view?.content != null, erased: view?.verdicts[0]?.text_erased === true };
    }),
  );
  await reader.close();
  return views;
}

/** One exchange with a sealed original, and what is left of it when its time has come. */
async function leftOf(retention: object) {
  const sealing = { recipients: [await identityToRecipient(await generateIdentity())] };
  const route = { name: 'judged', hosts: ['*.judged.test'], ports: [443, 80], action: 'terminate', judge: 'default' };
  const routes = [{ ...route, seal: true }];
  const running = await world.start({ config: { ledger: { retention }, sealing, routes } });
  await chat(running.port, JUDGED.a, 'retention');
  await running.verdict('retention');
  if (Object.keys(retention).length > 0) await running.event('erased', ({ reason }) => reason === 'retention');
  await running.close();
  const { holds } = await verifyLedger({ url: running.ledgerUrl, checkpoints: [], publicKey: null });
  return { holds, exchanges: await exchangesOf(running.ledgerUrl) };
}

describe('retention', () => {
  it('without it everything is kept', async () => {
    const exchanges = [{ sealed: true, content: true, erased: false }];
    expect(await leftOf({})).toEqual({ holds: true, exchanges });
  });

  it.each([
    ['sealed', [{ sealed: false, content: true, erased: false }]],
    ['text', [{ sealed: false, content: false, erased: true }]],
    ['metadata', []],
  ] as const)('%s: is erased so long after the exchange, and the chain holds', async (tier, exchanges) => {
    expect(await leftOf({ [tier]: '10ms' })).toEqual({ holds: true, exchanges });
  });
});
