import { expect, it } from 'vitest';
import { LEAK, ReviewWorld } from '../support/review-world.ts';

it('shots', { timeout: 400_000 }, async () => {
  const world = await ReviewWorld.start();
  try {
    for (let i = 0; i < 12; i++) await world.says(i % 3 === 0 ? `${LEAK} number ${i}` : `An ordinary question, number ${i}: how do I sort a list?\n\nThanks`);
    for (const [path, name] of [['/queue', 'queue'], ['/queue?queue=control', 'queue-blind'], ['/quality', 'quality'], ['/policies', 'policies'], ['/policies/default', 'policy'], ['/policies/default?tab=try', 'try'], ['/policies/default?tab=replay','replay'], ['/policies/default?tab=versions','versions'], ['/replays', 'replays'], ['/users', 'users'], ['/tokens', 'tokens'], ['/exports', 'exports'], ['/sinks', 'sinks'], ['/audit', 'audit']] as const) {
      for (const colorScheme of ['light', 'dark'] as const) {
        const { page, faults } = await world.open(world.admin, { colorScheme });
        await page.goto(path);
        await page.getByRole('heading', { level: 1 }).waitFor();
        await page.waitForLoadState('networkidle');
        await page.screenshot({ path: `/tmp/shots/${name}-${colorScheme}.png`, fullPage: true });
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        if (wide > 0 || JSON.stringify(faults).length > 60) process.stderr.write(`${path} ${colorScheme} ${wide} ${JSON.stringify(faults)}\n`);
        await page.context().close();
      }
    }
    expect(1).toBe(1);
  } finally { await world.stop(); }
});
