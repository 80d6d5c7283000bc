/** No proxy: the floor that every figure is read against. */

import type { Arm, ArmSetup } from '../arm.ts';

export async function directArm(setup: ArmSetup, name = 'direct'): Promise<Arm> {
  return {
    name,
    proxyUrl: null,
    ca: setup.originCa.cert,
    target: { host: setup.host, port: setup.originPort },
    processes: {},
    recorded: async () => null,
    settled: async () => {},
    close: async () => {},
  };
}
