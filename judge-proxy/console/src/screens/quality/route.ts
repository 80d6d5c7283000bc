import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { z } from 'zod';
import { needs, signedInRoute } from '../../app/parent-routes.tsx';
import { searchOf } from '../../app/search.ts';

/** Days back from now. */
export const PERIODS = ['7', '30', '90', '365'] as const;

const search = z.strictObject({
  days: z.enum(PERIODS).optional(),
  judge: z.string().min(1).max(256).optional(),
});

export const qualityRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/quality',
  validateSearch: searchOf(search),
  component: lazyRouteComponent(() => import('./page.tsx')),
  ...needs('quality:read'),
});
