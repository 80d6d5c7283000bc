/** Thread that answers questions to the index: a slow one delays neither traffic nor the ledger nor the index. */

import { parentPort, workerData } from 'node:worker_threads';
import { Answers } from './answers.ts';
import { BadCursorError } from './cursor.ts';
import { isDamage } from './indexer.ts';
import type { FromAnswers, Question, ThreadData, ToAnswers } from './protocol.ts';

if (parentPort !== null) {
  const port = parentPort;
  const { url, file } = workerData as ThreadData;
  const answers = new Answers(url, file);
  port.on('message', (message: ToAnswers) => {
    if (message === 'close') {
      answers.close();
      port.close();
      return;
    }
    port.postMessage(answered(answers, ...message));
  });
}

function answered(answers: Answers, id: number, question: Question): FromAnswers {
  try {
    return [id, true, answers.answer(question)];
  } catch (error) {
    const kind = error instanceof BadCursorError ? 'cursor' : isDamage(error) ? 'damaged' : 'failed';
    return [id, false, kind, error instanceof Error ? error.message : 'unknown'];
  }
}
