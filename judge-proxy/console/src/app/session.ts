/** Who is signed in: asked of the server once, kept in the cache until the session ends. */

import type { QueryClient } from '@tanstack/react-query';
import { useRouteContext } from '@tanstack/react-router';
import type { Me } from '../../../contract/responses.ts';
import type { Permission } from '../../../contract/roles.ts';
import type { Api } from '../api/client.ts';
import { ApiError } from '../api/problem.ts';

const KEY = ['me'] as const;

interface Parts {
  readonly api: Api;
  readonly queryClient: QueryClient;
}

/** The user, or null when nobody is signed in. */
export async function whoAmI({ api, queryClient }: Parts): Promise<Me | null> {
  const known = queryClient.getQueryData<Me>(KEY);
  if (known !== undefined) return known;
  try {
    const me = await api.call('who_am_i', {});
    becomes({ api, queryClient }, me);
    return me;
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return null;
    throw error;
  }
}

/** Somebody signed in, or changed their password. */
export function becomes({ api, queryClient }: Parts, me: Me): void {
  api.signedInAs(me);
  queryClient.setQueryData(KEY, me);
}

/** Forgets the user and everything that was read for them. */
export function forget({ api, queryClient }: Parts): void {
  api.signedInAs(null);
  queryClient.clear();
}

/** The user, on every page behind the sign-in. */
export function useMe(): Me {
  return useRouteContext({ from: '/signed-in', select: (context) => context.me });
}

/** Whether the user's role reaches this far. */
export function useMay(permission: Permission): boolean {
  return useMe().permissions.includes(permission);
}
