import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { z } from 'zod';
import { needs, signedInRoute } from '../../app/parent-routes.tsx';
import { searchOf } from '../../app/search.ts';

export const policiesRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/policies',
  component: lazyRouteComponent(() => import('./page.tsx')),
  ...needs('policies:read'),
});

export const POLICY_TABS = ['edit', 'diff', 'try', 'replay', 'versions'] as const;
export type PolicyTab = (typeof POLICY_TABS)[number];

export const policyRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/policies/$judge',
  validateSearch: searchOf(z.strictObject({ tab: z.enum(POLICY_TABS), exchange: z.string().min(6).max(64) })),
  component: lazyRouteComponent(() => import('./policy-page.tsx')),
  ...needs('policies:read'),
});
