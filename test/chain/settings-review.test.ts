/** Contract: the keys of `review` do what docs/configuration.md says, seen at the admin API of a running judge proxy. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AdminSession } from '../support/admin-session.ts';
import { chat } from '../support/settings-requests.ts';
import type { RunningSettings } from '../support/settings-running.ts';
import { JUDGED, type Section, SettingsWorld } from '../support/settings-world.ts';

let world: SettingsWorld;

beforeAll(async () => {
  world = await SettingsWorld.make();
});
afterAll(async () => {
  await world?.close();
});

/** A judge proxy that has judged three exchanges, and its administrator. */
async function judgedWith(review: Section): Promise<{ running: RunningSettings; admin: AdminSession }> {
  const running = await world.start({ config: { review } });
  for (const id of ['one', 'two', 'three']) {
    await chat(running.port, JUDGED.a, id);
    await running.verdict(id);
  }
  const { proxy } = running;
  if (proxy === null) throw new Error('it has not started');
  const admin = await AdminSession.start(proxy.consoleUrl, 'admin', proxy.firstUser?.password ?? '');
  return { running, admin };
}

interface QueuePage {
  readonly items: readonly {
    readonly sampling_probability: number;
    readonly exchange: { readonly exchange_id: string };
  }[];
}

/** The control sample as it stands when lists have come up with the ledger. */
async function control(admin: AdminSession): Promise<QueuePage> {
  await caughtUp(admin);
  const { body } = await admin.call('GET', '/api/queues/control');
  return body as QueuePage;
}

/** Asked again and again, because nobody tells when it is so. */
async function caughtUp(admin: AdminSession): Promise<void> {
  for (;;) {
    const { body } = await admin.call('GET', '/api/health');
    const { head_seq, readable_seq } = (body as { ledger: { head_seq: number; readable_seq: number } }).ledger;
    if (readable_seq >= head_seq) return;
  }
}

describe('review', () => {
  it('control_rate: of all exchanges this share is in the control sample', async () => {
    const none = await judgedWith({ control_rate: 0 });
    expect((await control(none.admin)).items).toEqual([]);
    const all = await judgedWith({ control_rate: 1 });
    const { items } = await control(all.admin);
    expect(items.map(({ sampling_probability }) => sampling_probability)).toEqual([1, 1, 1]);
  });

  it('opinions: an exchange leaves the queue when so many have labelled it', async () => {
    for (const opinions of [1, 2]) {
      const { admin, running } = await judgedWith({ control_rate: 1, opinions });
      const [first] = (await control(admin)).items;
      const exchange_ids = [first?.exchange.exchange_id];
      const { status } = await admin.call('POST', '/api/labels', { exchange_ids, label: 'clean', queue: 'control' });
      expect(status).toBe(201);
      const made = await admin.call('POST', '/api/users', { name: 'second', role: 'reviewer' });
      const { password } = made.body as { password: string };
      const second = await AdminSession.start(running.proxy?.consoleUrl ?? '', 'second', password);
      expect((await control(admin)).items).toHaveLength(2);
      expect((await control(second)).items).toHaveLength(opinions === 1 ? 2 : 3);
    }
  });
});
