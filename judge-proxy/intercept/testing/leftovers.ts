/** What every test of a tunnel ends with: nothing of it is left. */

import { once } from 'node:events';
import { expect } from 'vitest';
import type { Hop, Rig } from './rig.ts';

/** Resolves when so many tunnels have ended; none is open then. */
export async function tunnelEnds(rig: Rig, count = 1): Promise<void> {
  while (rig.ends.length < count) await once(rig.events, 'end');
  expect(rig.interceptor.active).toBe(0);
}

/** On HTTP/1.1 the client's socket is the tunnel; on HTTP/2 its connection stays for the next. */
export async function nothingIsLeft(rig: Rig, hop: Hop): Promise<void> {
  await tunnelEnds(rig);
  await rig.until(() => rig.sockets === (hop === 'h1' ? 0 : 1));
}
