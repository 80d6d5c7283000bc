/** Everything that can be wrong with checkpoints and their key when the judge proxy starts, as one closed table. */

const CHECKPOINT_CAUSES = {
  key_missing: [
    'does not exist, but there are checkpoints that were signed with it',
    'Restore the key from a backup. If it is lost, move the checkpoint file to a safe place, with its public key: the next start makes a new key and a new file.',
  ],
  key_unreadable: [
    'is not an Ed25519 key (PEM) that this process can read',
    'Restore it from a backup, or correct its permissions (600 for the private key).',
  ],
  key_replaced: [
    'is not the key that signed the checkpoints so far',
    'Restore that key. To begin anew with this one, move the checkpoint file to a safe place, with the public key it was signed with.',
  ],
  cannot_write: ['cannot be written', 'Make its directory writable for the user of the proxy, or give another path.'],
  not_a_file: ['is not a file', 'Give the path of one: a folder, a device or a pipe keeps no checkpoints.'],
  unreadable: [
    'ends with a line that is not a checkpoint',
    'Run `npm run verify`, find out who wrote it, then move the file to a safe place.',
  ],
  forged: [
    'ends with a checkpoint whose signature is wrong',
    'Run `npm run verify`, find out who wrote it, then move the file to a safe place.',
  ],
  foreign: ['is of another ledger', 'Give each ledger a checkpoint file of its own, or move this one to a safe place.'],
  off_chain: [
    'says that the ledger held records that it does not hold now',
    'Run `npm run verify` and find out who changed or replaced the ledger. After a restore from a backup, move the checkpoint file to a safe place: a new one is begun.',
  ],
} as const satisfies Record<string, readonly [sentence: string, remedy: string]>;

export type CheckpointCause = keyof typeof CHECKPOINT_CAUSES;

/** The judge proxy does not start: it would sign what an earlier checkpoint contradicts. Names file, cause and remedy. */
export class CheckpointError extends Error {
  override readonly name = 'CheckpointError';
  readonly reason: CheckpointCause;

  constructor(reason: CheckpointCause, file: string, options: { cause?: unknown } = {}) {
    const [sentence, remedy] = CHECKPOINT_CAUSES[reason];
    super(`${file} ${sentence}. ${remedy}`, options);
    this.reason = reason;
  }
}
