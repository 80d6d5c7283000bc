/** All wire formats that are read. An exchange that none matches is recorded with coverage `none: unknown_api`. */

import { anthropicMessages } from './anthropic-messages.ts';
import type { Api } from './api.ts';
import { openaiChat } from './openai-chat.ts';
import { openaiResponses } from './openai-responses.ts';
import { openaiResponsesWebSocket } from './openai-responses-websocket.ts';

export const apis: readonly Api[] = [openaiChat, openaiResponses, openaiResponsesWebSocket, anthropicMessages];

/** Closed set for metric labels. */
export const API_NAMES: readonly string[] = apis.map((api) => api.name);

/** @returns the format of a request, null when none of ours reads it */
export function findApi(method: string, path: string): Api | null {
  return apis.find((api) => api.matches(method, path)) ?? null;
}
