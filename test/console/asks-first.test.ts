/**
 * Contract: nothing that somebody could miss happens at one click. Each such act of the console asks first and names its
 * object; Escape leaves everything as it was, and no request has changed anything; done, it stands in the audit with the
 * name of the object. The table holds every endpoint that changes something: a new one has to say whether it asks.
 */

import type { Page, Request } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Endpoint } from '../../judge-proxy/contract/endpoint.ts';
import { ENDPOINTS, type EndpointName } from '../../judge-proxy/contract/endpoints.ts';
import type { PolicyVersion, ReplayEstimate, ReplayJob, TokenRow } from '../../judge-proxy/contract/responses.ts';
import type { AuditRow, Page as PageOf } from '../../judge-proxy/ledger/read-model/rows.ts';
import { expectNoFaults, hasChromium } from '../support/browser.ts';
import { requireChromium } from '../support/require-chromium.ts';
import { LEAK, ReviewWorld } from '../support/review-world.ts';

requireChromium();

/** What an endpoint that changes something may do to others. `adds`: nothing is lost by it, or it is taken back as easily. */
const CHANGING: Readonly<Record<string, 'asks' | 'adds'>> = {
  ...{ sign_in: 'adds', sign_out: 'adds', change_password: 'adds' },
  ...{ label: 'adds', withdraw_label: 'adds', check_policy: 'adds', try_policy: 'adds', save_draft: 'adds' },
  ...{ estimate_replay: 'adds', start_replay: 'adds', resume_replay: 'adds', test_sink: 'adds' },
  ...{ create_user: 'adds', create_token: 'adds' },
  ...{ discard_draft: 'asks', publish_policy: 'asks', roll_back_policy: 'asks', cancel_replay: 'asks', erase: 'asks' },
  ...{ change_user: 'asks', reset_password: 'asks', rotate_token: 'asks', revoke_token: 'asks' },
};

interface Act {
  readonly endpoint: EndpointName;
  readonly name: string;
  /** Makes what the act is about; gives where it is found, and its name as it is asked about. */
  readonly make: () => Promise<{ readonly path: string; readonly object: string; readonly audited?: string }>;
  /** One click, and what has to be opened before. */
  readonly click: (page: Page, object: string) => Promise<unknown>;
  /** What has to be given before it is done; nothing by default. */
  readonly give?: 'name' | 'reason';
  readonly verb: string;
  readonly action: string;
}

describe.runIf(hasChromium)('what somebody could miss', () => {
  let world: ReviewWorld;
  let made = 0;

  beforeAll(async () => {
    world = await ReviewWorld.start();
  });
  afterEach(() => world?.closePages());
  afterAll(() => world?.stop());

  const ask = <T>(method: string, path: string, body?: unknown) => world.ask<T>(world.admin, method, path, body);

  const token = async () => {
    made += 1;
    const { row } = await ask<{ row: TokenRow }>('POST', '/api/tokens', {
      ...{ name: `dashboard-${made}`, scopes: ['exchanges:read'] },
      expires_at: new Date(Date.now() + 86_400_000).toISOString(),
    });
    return { path: '/tokens', object: row.name, audited: row.token_id };
  };
  const user = async () => {
    made += 1;
    await ask('POST', '/api/users', { name: `una-${made}`, role: 'viewer' });
    return { path: '/users', object: `una-${made}` };
  };
  const draft = async () => {
    const { yaml } = await ask<PolicyVersion>('GET', '/api/policies/default/versions/0');
    made += 1;
    return await ask<PolicyVersion>('PUT', '/api/policies/default/draft', { yaml: `${yaml}# ${made}\n`, revision: 0 });
  };
  const exchange = async () => {
    made += 1;
    const { exchange_id } = await world.says(`Forget this sentence ${made}`);
    return exchange_id;
  };
  const replay = async () => {
    await world.says(LEAK);
    // Without it there would be nothing to ask, and the job would be done before anybody could cancel it.
    await world.readable();
    const spec = { judge: 'default', policy: null, filter: {}, most: 100 };
    const { selection_hash } = await ask<ReplayEstimate>('POST', '/api/replays/estimate', spec);
    // Nothing of it is answered, so that there is something to cancel.
    world.world.judge.script = () => ({ wait: new Promise(() => undefined) });
    const { job_id } = await ask<ReplayJob>('POST', '/api/replays', { ...spec, selection_hash });
    return { path: `/replays/${job_id}`, object: 'Replay of default', audited: job_id };
  };

  const ACTS: readonly Act[] = [
    {
      ...{ endpoint: 'revoke_token', name: 'revoking a token', verb: 'Revoke', action: 'token.revoke', give: 'name' },
      make: token,
      click: (page, object) => page.getByRole('button', { name: `Revoke ${object}` }).click(),
    },
    {
      ...{ endpoint: 'rotate_token', name: 'rotating a token', verb: 'Rotate', action: 'token.rotate' },
      make: token,
      click: (page, object) => page.getByRole('button', { name: `Rotate ${object}` }).click(),
    },
    {
      ...{ endpoint: 'change_user', name: 'locking a user', verb: 'Lock', action: 'user.update', give: 'name' },
      make: user,
      click: (page, object) => page.getByRole('button', { name: `Lock ${object}` }).click(),
    },
    {
      ...{ endpoint: 'change_user', name: 'another role', verb: 'Change', action: 'user.update' },
      make: user,
      click: async (page, object) => {
        await page.getByRole('combobox', { name: `Role of ${object}` }).click();
        await page.getByRole('option', { name: 'Administrator', exact: true }).click();
      },
    },
    {
      ...{ endpoint: 'reset_password', name: 'another password', verb: 'Reset', action: 'user.password', give: 'name' },
      make: user,
      click: (page, object) => page.getByRole('button', { name: `Reset password of ${object}` }).click(),
    },
    {
      ...{ endpoint: 'discard_draft', name: 'discarding a draft', verb: 'Discard', action: 'policy.discard' },
      make: async () => {
        await draft();
        return { path: '/policies/default?tab=versions', object: 'Draft of default', audited: 'default' };
      },
      click: (page) => page.getByRole('button', { name: 'Discard' }).click(),
    },
    {
      ...{ endpoint: 'publish_policy', name: 'publishing', verb: 'Publish', action: 'policy.publish', give: 'reason' },
      make: async () => {
        await draft();
        return { path: '/policies/default', object: 'default' };
      },
      click: (page) => page.getByRole('button', { name: 'Publish…' }).click(),
    },
    {
      ...{ endpoint: 'roll_back_policy', name: 'rolling back', verb: 'Roll back', give: 'reason' },
      action: 'policy.rollback',
      make: async () => ({ path: '/policies/default?tab=versions', object: 'default' }),
      click: (page) => page.getByRole('button', { name: 'Roll back to the file' }).click(),
    },
    {
      ...{ endpoint: 'erase', name: 'erasing an exchange', verb: 'Erase', action: 'erasure.order', give: 'name' },
      make: async () => {
        const id = await exchange();
        return { path: `/exchanges/${id}`, object: id };
      },
      click: async (page) => {
        await page.getByRole('button', { name: 'More' }).click();
        await page.getByRole('menuitem', { name: 'Erase' }).click();
      },
    },
    {
      ...{ endpoint: 'erase', name: 'erasing from the exports', verb: 'Erase', action: 'erasure.order', give: 'name' },
      make: async () => ({ path: '/exports', object: await exchange() }),
      click: async (page, object) => {
        const panel = page.getByRole('region', { name: 'Erasure' });
        await panel.getByLabel('Id of the exchange').fill(object);
        await panel.getByRole('button', { name: 'Erase…' }).click();
      },
    },
    {
      ...{ endpoint: 'cancel_replay', name: 'cancelling a replay', verb: 'Cancel it', action: 'replay.cancel' },
      make: replay,
      click: (page) => page.getByRole('button', { name: 'Cancel the replay' }).click(),
    },
  ];

  it('is each endpoint that the table says asks, and the table has every endpoint that changes something', () => {
    const changing = Object.entries<Endpoint>(ENDPOINTS).filter(([, { method }]) => method !== 'GET');
    expect(Object.keys(CHANGING).toSorted()).toEqual(changing.map(([name]) => name).toSorted());
    const asking = Object.keys(CHANGING).filter((name) => CHANGING[name] === 'asks');
    expect([...new Set(ACTS.map(({ endpoint }) => String(endpoint)))].toSorted()).toEqual(asking.toSorted());
  });

  it.each(ACTS)('$name asks, names it, and can be traced', async (act) => {
    const { path, object, audited = object } = await act.make();
    const { page, faults } = await world.open(world.admin);
    const changes: string[] = [];
    page.on('request', (request) => {
      if (isChange(request)) changes.push(`${request.method()} ${new URL(request.url()).pathname}`);
    });
    await page.goto(path);
    const count = await acts(act.action, audited);
    const dialog = page.getByRole('dialog');
    await act.click(page, object);
    await dialog.getByText(object, { exact: true }).first().waitFor();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    expect(changes).toEqual([]);

    await act.click(page, object);
    const go = dialog.getByRole('button', { name: act.verb, exact: true });
    if (act.give === 'name') {
      expect(await go.isDisabled()).toBe(true);
      await dialog.getByLabel('Type the name to go on').fill(object);
    }
    if (act.give === 'reason') await dialog.getByLabel('Why').fill('it has to be');
    expect(changes).toEqual([]);
    const answered = page.waitForResponse((response) => isChange(response.request()) && response.ok());
    await go.click();
    await answered;
    expect(changes).toHaveLength(1);
    expect(await acts(act.action, audited)).toBe(count + 1);
    world.world.judge.script = () => ({});
    expectNoFaults(faults);
  });

  /** Acts of the audit with this action that name this object. The list is behind the ledger for a moment. */
  async function acts(action: string, object: string): Promise<number> {
    await world.readable();
    const path = `/api/audit?action=${action}&limit=200`;
    const { items } = await ask<PageOf<AuditRow>>('GET', path);
    return items.filter((row) => JSON.stringify(row).includes(object)).length;
  }
});

/** The check of a rubric is asked while one writes, and changes nothing: its answer may come at any time. */
function isChange(request: Request): boolean {
  return request.method() !== 'GET' && new URL(request.url()).pathname !== '/api/policies/check';
}
