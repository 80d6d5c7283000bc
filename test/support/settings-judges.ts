/** For the tests of settings: a judge for each setting, with a host of its own, so that one proxy shows many at once. */

import { RUBRIC, type Section, type SettingsWorld } from './settings-world.ts';

/** How a judge and its route differ from those with nothing but what they need. */
export interface Difference {
  readonly judge?: Section;
  readonly model?: Section;
  readonly route?: Section;
}

export const hostOf = (judge: string) => `${judge}.judged.test`;

/** Config sections with a judge and a route for each name. The URL of a judge's model begins with its name. */
export function judgesOf(world: SettingsWorld, different: Readonly<Record<string, Difference>>): Section {
  const names = Object.keys(different);
  return {
    upstream: { connect_to: world.leading(...names.map(hostOf)) },
    routes: names.map((name) => ({
      name,
      hosts: [hostOf(name)],
      ports: [443, 80],
      action: 'terminate',
      judge: name,
      ...different[name]?.route,
    })),
    judges: {
      // Merged over the base, which brings a judge of this name.
      default: { rubric: RUBRIC },
      ...Object.fromEntries(
        names.map((name) => {
          const model = { ...world.model, base_url: judgeUrl(world, name), ...different[name]?.model };
          return [name, { rubric: RUBRIC, model, ...different[name]?.judge }];
        }),
      ),
    },
  };
}

/** Where the judge model of this name is asked. */
export function judgeUrl(world: SettingsWorld, name: string): string {
  return `http://127.0.0.1:${world.judgeModel.port}/${name}/v1`;
}
