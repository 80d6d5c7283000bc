import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { needs, signedInRoute } from '../../app/parent-routes.tsx';

export const qualityRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/quality',
  component: lazyRouteComponent(() => import('./page.tsx')),
  ...needs('quality:read'),
});
