/**
 * Contract: the secret of a token and the password of a new user are shown once, in one dialog, and nowhere afterwards. A
 * token that was revoked is refused at once. Nobody gives away more than they may do. What somebody could miss asks, names
 * the thing, and stands in the audit.
 */

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { TokenRow } from '../../judge-proxy/contract/responses.ts';
import { expectNoFaults, hasChromium } from '../support/browser.ts';
import { requireChromium } from '../support/require-chromium.ts';
import { ReviewWorld } from '../support/review-world.ts';

requireChromium();

describe.runIf(hasChromium)('people and tokens', () => {
  let world: ReviewWorld;

  beforeAll(async () => {
    world = await ReviewWorld.start();
  });
  afterEach(() => world?.closePages());
  afterAll(() => world?.stop());

  const statusWith = async (token: string): Promise<number> => {
    const response = await fetch(`${world.world.url}/api/exchanges`, { headers: { authorization: `Bearer ${token}` } });
    await response.body?.cancel();
    return response.status;
  };

  it('a token is shown once, works, is rotated, and ends when it is revoked', async () => {
    const { page, faults } = await world.open(await world.person('tom', 'viewer'));
    await page.goto('/tokens');
    await page.getByRole('button', { name: 'New token' }).click();
    const making = page.getByRole('dialog', { name: 'New token' });
    // No further than the maker: a viewer cannot give labels away.
    await making.getByRole('checkbox', { name: 'exchanges:read' }).check();
    expect(await making.getByRole('checkbox', { name: 'labels:write' }).count()).toBe(0);
    await making.getByRole('button', { name: 'Make the token' }).click();
    await making.getByText('Between 1 and 100 characters').waitFor();
    await making.getByLabel('Name').fill('dashboard');
    await making.getByRole('button', { name: 'Make the token' }).click();

    const shown = page.getByTestId('secret');
    const token = await shown.innerText();
    expect(await statusWith(token)).toBe(200);
    // Neither Escape nor a click beside it takes it away unseen.
    await page.keyboard.press('Escape');
    expect(await shown.innerText()).toBe(token);
    await page.getByRole('button', { name: 'I have kept it' }).click();
    await shown.waitFor({ state: 'detached' });
    expect(await page.content()).not.toContain(token);
    await page.reload();
    await page.getByRole('button', { name: 'Rotate dashboard' }).waitFor();
    expect(await page.content()).not.toContain(token);

    await page.getByRole('button', { name: 'Rotate dashboard' }).click();
    await page.getByRole('dialog', { name: 'Rotate token' }).getByRole('button', { name: 'Rotate' }).click();
    const another = await shown.innerText();
    expect(another).not.toBe(token);
    expect([await statusWith(token), await statusWith(another)]).toEqual([401, 200]);
    await page.getByRole('button', { name: 'I have kept it' }).click();

    await page.getByRole('button', { name: 'Revoke dashboard' }).click();
    const revoking = page.getByRole('dialog', { name: 'Revoke token' });
    expect(await revoking.getByRole('button', { name: 'Revoke' }).isDisabled()).toBe(true);
    await revoking.getByLabel('Type the name to go on').fill('dashboard');
    await revoking.getByRole('button', { name: 'Revoke' }).click();
    await page.getByRole('cell', { name: 'Revoked' }).waitFor();
    expect(await statusWith(another)).toBe(401);
    expectNoFaults(faults);
  });

  it('a user is made with a password that is shown once, gets another role, and is locked by name', async () => {
    const { page, faults } = await world.open(world.admin);
    await page.goto('/users');
    await page.getByRole('button', { name: 'New user' }).click();
    const making = page.getByRole('dialog', { name: 'New user' });
    await making.getByLabel('Name').fill('una');
    await making.getByRole('radio', { name: 'Viewer', exact: true }).check();
    await making.getByRole('button', { name: 'Make the user' }).click();
    const password = await page.getByTestId('secret').innerText();
    await page.getByRole('button', { name: 'I have kept it' }).click();
    await page.getByRole('row', { name: /una.*Has to choose a password/ }).waitFor();
    expect(await page.content()).not.toContain(password);

    await page.getByRole('combobox', { name: 'Role of una' }).click();
    await page.getByRole('option', { name: 'Reviewer', exact: true }).click();
    const changing = page.getByRole('dialog', { name: 'Change role' });
    await changing.getByText(/From Viewer to Reviewer/).waitFor();
    await changing.getByRole('button', { name: 'Change' }).click();
    await changing.waitFor({ state: 'detached' });

    await page.getByRole('button', { name: 'Lock una' }).click();
    const locking = page.getByRole('dialog', { name: 'Lock user' });
    await locking.getByLabel('Type the name to go on').fill('una');
    await locking.getByRole('button', { name: 'Lock' }).click();
    await page.getByRole('row', { name: /una.*Locked/ }).waitFor();
    expect(await page.getByRole('button', { name: 'Lock admin' }).isDisabled()).toBe(true);

    // Each of it stands in the audit, with what was before and after.
    await world.readable();
    await page.goto('/audit?object=una&action=user.');
    await page.getByRole('button', { name: 'Details of user.update una' }).first().click();
    const difference = page.getByRole('region', { name: 'Difference' });
    await difference.waitFor();
    expect(await difference.innerText()).toMatch(/disabled/);
    expectNoFaults(faults);
  });

  it('an administrator sees the tokens of all, and none of their secrets is in any answer', async () => {
    const rows = await world.ask<readonly TokenRow[]>(world.admin, 'GET', '/api/tokens');
    expect(rows.map(({ created_by: by, name }) => [by, name])).toEqual([['tom', 'dashboard']]);
    expect(JSON.stringify(rows)).not.toMatch(/secret|sha256/i);
  });
});
