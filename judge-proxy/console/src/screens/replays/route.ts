import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { needs, signedInRoute } from '../../app/parent-routes.tsx';

export const replaysRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/replays',
  component: lazyRouteComponent(() => import('./page.tsx')),
  ...needs('replays:read'),
});

export const replayRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/replays/$id',
  component: lazyRouteComponent(() => import('./job-page.tsx')),
  ...needs('replays:read'),
});
