/** All screens. Each is a folder of screens/ with a route.ts (address, search, permission) and a page that is loaded late. */

import { createRouter } from '@tanstack/react-router';
import { auditRoute } from '../screens/audit/route.ts';
import { clientsRoute } from '../screens/clients/route.ts';
import { connectionsRoute } from '../screens/connections/route.ts';
import { exchangeRoute } from '../screens/exchange/route.ts';
import { exchangesRoute } from '../screens/exchanges/route.ts';
import { exportsRoute } from '../screens/exports/route.ts';
import { overviewRoute } from '../screens/overview/route.ts';
import { policiesRoute, policyRoute } from '../screens/policies/route.ts';
import { qualityRoute } from '../screens/quality/route.ts';
import { queueRoute } from '../screens/queue/route.ts';
import { replayRoute, replaysRoute } from '../screens/replays/route.ts';
import { settingsRoute } from '../screens/settings/route.ts';
import { firstPasswordRoute, signInRoute } from '../screens/sign-in/route.ts';
import { sinksRoute } from '../screens/sinks/route.ts';
import { tokensRoute } from '../screens/tokens/route.ts';
import { usersRoute } from '../screens/users/route.ts';
import { type RouterContext, rootRoute, signedInRoute } from './parent-routes.tsx';
import { parseSearch, stringifySearch } from './search.ts';

const routeTree = rootRoute.addChildren([
  signInRoute,
  firstPasswordRoute,
  signedInRoute.addChildren([
    overviewRoute,
    exchangesRoute,
    exchangeRoute,
    connectionsRoute,
    clientsRoute,
    queueRoute,
    qualityRoute,
    policiesRoute,
    policyRoute,
    replaysRoute,
    replayRoute,
    usersRoute,
    tokensRoute,
    exportsRoute,
    sinksRoute,
    auditRoute,
    settingsRoute,
  ]),
]);

export function createAppRouter(context: RouterContext) {
  return createRouter({
    routeTree,
    context,
    parseSearch,
    stringifySearch,
    // What no page's schema took is gone: else a page would read it from the address all the same.
    search: { strict: true },
    scrollRestoration: true,
    defaultPreload: 'intent',
  });
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createAppRouter>;
  }
}
