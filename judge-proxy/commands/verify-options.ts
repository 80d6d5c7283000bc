/** Arguments of the verify command. */

import type { ParseArgsOptionsConfig } from 'node:util';
import { checkpointPlaces } from '../ledger/checkpoint-file.ts';
import { publicKeyFile } from '../ledger/checkpoint-key.ts';
import { ledgerFile } from '../ledger/sqlite-file.ts';
import type { CommandIo } from './command.ts';
import { readConfig, readOptions, UsageError } from './options.ts';
import { ledgerUrl } from './review/options.ts';

const OPTIONS = {
  ledger: { type: 'string' },
  config: { type: 'string' },
  from: { type: 'string' },
  to: { type: 'string' },
  checkpoints: { type: 'string', multiple: true },
  'public-key': { type: 'string' },
  'show-key': { type: 'boolean' },
  json: { type: 'boolean' },
  help: { type: 'boolean' },
} as const satisfies ParseArgsOptionsConfig;

export interface VerifyArguments {
  readonly help: boolean;
  readonly json: boolean;
  readonly showKey: boolean;
  readonly url: string;
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly checkpoints: readonly string[];
  /** File of the public key. */
  readonly publicKey: string;
}

interface PlacesGiven {
  readonly file?: string | undefined;
  readonly key?: string | undefined;
  readonly copies: readonly string[];
}

/** @throws {UsageError} */
export async function readVerifyArguments(args: readonly string[], io: CommandIo): Promise<VerifyArguments> {
  const values = readOptions(args, OPTIONS);
  const { ledger, config } = values;
  if (ledger !== undefined && config !== undefined) throw new UsageError('Give --ledger or --config, not both.');
  const [from, to] = [position(values.from, '--from'), position(values.to, '--to')];
  if (from !== undefined && to !== undefined && from > to) throw new UsageError('--from is behind --to.');
  const help = values.help === true;
  const url = help ? '' : await ledgerUrl({ ledger, config }, io);
  const settings: PlacesGiven =
    help || config === undefined ? { copies: [] } : (await readConfig(config, io)).ledger.checkpoints;
  const places = checkpointPlaces(help ? '' : ledgerFile(url), settings);
  return {
    ...{ help, url, from, to, json: values.json === true, showKey: values['show-key'] === true },
    checkpoints: values.checkpoints ?? [places.file, ...settings.copies],
    publicKey: values['public-key'] ?? publicKeyFile(places.key),
  };
}

function position(text: string | undefined, option: string): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new UsageError(`${option} takes a position from 1 on, not '${text}'.`);
  return Number(text);
}
