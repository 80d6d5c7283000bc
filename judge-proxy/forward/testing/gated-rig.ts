/** A rig whose recorder is scripted, and what every test of a gate ends with: nothing is left. */

import { expect } from 'vitest';
import { Rig, type RigOptions } from '../../intercept/testing/rig.ts';
import { type Script, ScriptedRecorder } from './scripted-recorder.ts';

export interface GatedRig {
  readonly rig: Rig;
  readonly recorder: ScriptedRecorder;
  /** Resolves when no exchange is open, and shows that none has left anything. */
  settled(): Promise<void>;
}

export async function startGated(script: Script, options: Omit<RigOptions, 'recorder'> = {}): Promise<GatedRig> {
  const recorder = new ScriptedRecorder(script);
  const rig = await Rig.start({ ...options, recorder });
  const settled = async () => {
    await rig.until(() => rig.forwarder.active === 0);
    expect(rig.budget.held).toBe(0);
    expect(rig.held.held).toBe(0);
    for (const gate of recorder.gates) expect(gate.closed).toBeGreaterThan(0);
    expect(recorder.ends).toHaveLength(recorder.starts.length);
  };
  return { rig, recorder, settled };
}

/** Gives everything that is on its way time to arrive: many turns of the event loop that both ends run on. */
export async function quiet(): Promise<void> {
  for (let i = 0; i < 200; i += 1) await new Promise((resolve) => setImmediate(resolve));
}
